"""What stands in a .tflite file: read with LiteRT's own schema."""

from collections import Counter

from ai_edge_litert import schema_py_generated as schema

_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def read_model(flatbuffer: bytes) -> schema.ModelT:
    """The model as objects that can be looked at and changed."""
    return schema.ModelT.InitFromPackedBuf(flatbuffer)


def operator_name(model: schema.ModelT, operator: schema.OperatorT) -> str:
    """For example ``CONV_2D``; of a custom operator its own name, for example ``FlexRFFT``."""
    code = model.operatorCodes[operator.opcodeIndex]
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    return code.customCode.decode() if builtin == schema.BuiltinOperator.CUSTOM else _NAMES[builtin]


def operators(flatbuffer: bytes) -> Counter[str]:
    """How often each operator occurs in the model."""
    model = read_model(flatbuffer)
    return Counter(
        operator_name(model, operator) for graph in model.subgraphs or [] for operator in graph.operators or []
    )
