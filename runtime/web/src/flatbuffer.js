/** The one thing that must change in a model for a clip of another length: the shape of its input. */

/**
 * A copy of a TensorFlow Lite model, one of whose graphs takes so many rows: (1, rows, ...). The network is fully
 * convolutional: the interpreter works out all other shapes from this one.
 */
export function withInputRows(model, rows, graph = 0) {
  const copy = model.slice();
  const view = new DataView(copy.buffer);
  const follow = (at) => at + view.getUint32(at, true);
  const field = (table, index) => {
    const vtable = table - view.getInt32(table, true);
    return table + view.getUint16(vtable + 4 + 2 * index, true);
  };
  const item = (vector, index) => vector + 4 + 4 * index;
  const subgraph = follow(item(follow(field(follow(0), 2)), graph)); // Model.subgraphs[graph]
  const input = view.getInt32(item(follow(field(subgraph, 1)), 0), true); // SubGraph.inputs[0]
  const tensor = follow(item(follow(field(subgraph, 0)), input)); // SubGraph.tensors[input]
  view.setInt32(item(follow(field(tensor, 0)), 1), rows, true); // Tensor.shape[1]
  return copy;
}
