"""What stands in a .tflite file: read with LiteRT's own schema."""

from collections import Counter

from ai_edge_litert import schema_py_generated as schema

_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def operators(flatbuffer: bytes) -> Counter[str]:
    """How often each operator occurs in the model; a custom one by its own name, for example ``FlexRFFT``."""
    model = schema.ModelT.InitFromPackedBuf(flatbuffer)
    found: Counter[str] = Counter()
    for graph in model.subgraphs or []:
        for operator in graph.operators or []:
            code = model.operatorCodes[operator.opcodeIndex]
            builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
            is_custom = builtin == schema.BuiltinOperator.CUSTOM
            found[code.customCode.decode() if is_custom else _NAMES[builtin]] += 1
    return found
