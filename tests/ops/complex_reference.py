"""Records complex-reference.json.gz: ops on complex128 in TensorFlow, with first and second gradients.

    python complex_reference.py tests/ops/complex-reference.json.gz

Inputs are few and exact in float32, so that the same file judges complex64.
"""
import gzip
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_library, op_def_registry

tf1 = tf.compat.v1
x = np.array([1 + 2j, -3 + 0.5j, 0.25 - 0.75j, -1 - 1j, 2.5 - 3j, 0.125 + 0j])
y = np.array([2 - 1j, 0.5 + 0.5j, -1 + 3j, 1 + 0j, -2 - 2j, 0.75 + 0.25j])
# Close to 0, far from it, and on the axes.
edges = np.array([2**-10 + 2**-9 * 1j, -(2**-7) - 2**-10 * 1j, 12 - 1j, -11.5 + 2j, 0.5 + 0j, -0.375j])
cases = []


def stored(value):
    array = np.asarray(value)
    flat = array.reshape(-1)
    if array.dtype.kind == "c":
        numbers = np.stack([flat.real, flat.imag], -1).reshape(-1).tolist()
    else:
        numbers = [float(v) if array.dtype.kind == "f" else int(v) for v in flat]
    data = [float("%.15g" % v) if isinstance(v, float) else v for v in numbers]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def weights(like, k):
    """An incoming gradient without symmetry."""
    i = np.arange(like.size)
    re = ((i * 5 + k * 3) % 8 - 3.5) / 4
    im = ((i * 3 + k * 7) % 8 - 4.5) / 8
    return (re + 1j * im if like.dtype.kind == "c" else re).reshape(like.shape).astype(like.dtype)


def attrs_of(definition, given):
    attrs = {n: tf.as_dtype(v) if n in ("Tout", "DstT") else v for n, v in given.items()}
    from_inputs = {i.type_attr for i in definition.input_arg}
    for attr in definition.attr:
        if attr.name in attrs or attr.name in from_inputs or not attr.HasField("default_value"):
            continue
        kind = attr.default_value.WhichOneof("value")
        if kind == "list":
            attrs[attr.name] = []
        elif kind == "type":
            attrs[attr.name] = tf.as_dtype(attr.default_value.type)
        else:
            attrs[attr.name] = getattr(attr.default_value, kind)
    return attrs


def dense(tensors):
    return [None if t is None else tf.convert_to_tensor(t) for t in tensors]


def case(op, inputs, attrs=None, order=2, out=0):
    """One op's output `out`, and its gradients up to `order`, for the floats among its inputs."""
    attrs = attrs or {}
    definition = op_def_registry.get(op)
    with tf.Graph().as_default() as graph, tf1.Session(graph=graph) as session:
        feeds = {}

        def tensor(value):
            array = np.asarray(value)
            if array.dtype.kind not in "cf":
                return tf1.constant(array)
            t = tf1.placeholder(array.dtype, array.shape)
            feeds[t.ref()] = array
            return t

        args = [[tensor(v) for v in a] if isinstance(a, list) else tensor(a) for a in inputs]
        named = dict(zip([i.name for i in definition.input_arg], args))
        result = op_def_library.apply_op(op, name=None, **named, **attrs_of(definition, attrs))
        result = result[out] if isinstance(result, (list, tuple)) else result
        xs = [ref.deref() for ref in feeds]
        fed = {ref.deref(): value for ref, value in feeds.items()}
        value = session.run(result, fed)
        recorded = {
            "op": op,
            "out": out,
            "attrs": attrs,
            "inputs": [[stored(v) for v in a] if isinstance(a, list) else stored(a) for a in inputs],
            "output": stored(value),
        }

        def gradients(key, of, incoming):
            found = dense(tf1.gradients(of, xs, grad_ys=[tf1.constant(v) for v in incoming]))
            live = [t for t in found if t is not None]
            values = iter(session.run(live, fed))
            recorded[key] = [None if t is None else stored(next(values)) for t in found]
            return live

        if order >= 1:
            dy = weights(value, 1)
            recorded["dy"] = stored(dy)
            dxs = gradients("dx", [result], [dy])
        if order >= 2:
            v = [weights(value, 2 + k) for k, value in enumerate(session.run(dxs, fed))]
            recorded["v"] = [stored(w) for w in v]
            gradients("ddx", dxs, v)
        cases.append(recorded)


def ints(*values):
    return np.array(values, np.int32)


m, n = x.reshape(2, 3), y.reshape(3, 2)
for op in (
    "Neg Sign Square Reciprocal Inv Sqrt Rsqrt Exp Expm1 Log Log1p Sin Cos Tan Asin Acos Atan "
    "Sinh Cosh Tanh Asinh Acosh Atanh Sigmoid"
).split():
    case(op, [x])
for op in (
    "Square Reciprocal Sqrt Rsqrt Log Log1p Expm1 Sin Tan Asin Atan Sinh Tanh Asinh Atanh Sigmoid"
).split():
    case(op, [edges], order=1)
for op in "Add AddV2 Sub Mul MulNoNan RealDiv Div DivNoNan Pow SquaredDifference".split():
    case(op, [m, y.reshape(2, 3)])
for op in ("Xlogy", "Xdivy"):
    case(op, [m, y.reshape(2, 3)], order=1)
for op in "AddV2 Sub Mul RealDiv Pow".split():
    case(op, [m, y[:3]])
    case(op, [x.reshape(2, 1, 3), y[:2].reshape(2, 1)], order=1)
for op in "TanhGrad SigmoidGrad SqrtGrad RsqrtGrad ReciprocalGrad InvGrad".split():
    case(op, [x, y])
same = np.array([1 + 2j, 0.25 - 0.75j, 1 + 2j, 2, 2 + 1j, 0])
other = np.array([1 + 2j, 0.25 + 0.75j, 3 + 2j, 2, 2, 0])
case("Equal", [same, other], order=0)
case("NotEqual", [same, other], order=0)
case("AddN", [[x, y, x]])
for adj_x in (False, True):
    for adj_y in (False, True):
        a = m.T.copy() if adj_x else m
        b = n.T.copy() if adj_y else n
        case("MatMul", [a, b], {"transpose_a": adj_x, "transpose_b": adj_y})
        stacks = [np.stack([a, a * 1j]), np.stack([b, b - 0.5])]
        case("BatchMatMulV2", stacks, {"adj_x": adj_x, "adj_y": adj_y})
stacks = [np.stack([m, m * 1j]), np.stack([n, n - 0.5])]
case("BatchMatMul", stacks)
case("BatchMatMulV2", [stacks[0], n[None]])
case("BatchMatMulV3", stacks, {"Tout": "complex128", "adj_x": False}, order=0)
for op in ("Sum", "Mean", "Prod"):
    case(op, [m, ints(0, 1)])
    case(op, [m, ints(1)], order=1 if op == "Prod" else 2)
    case(op, [m, ints()], order=1)
circle = np.round(np.exp(0.5j * np.arange(40)) * 64) / 64
case("Prod", [circle, ints(0)], order=0)
case("Prod", [circle.reshape(2, 20), ints(1)], order=0)
for op, order in (("Cumsum", 2), ("Cumprod", 1)):
    case(op, [m, np.int32(1)], order=order)
    case(op, [m, np.int32(0)], {"reverse": True, "exclusive": True}, order=order)
case("Complex", [m.real.copy(), y.imag[:3].copy()], {"Tout": "complex128"})
case("Complex", [x.real.copy(), y.imag.copy()], {"Tout": "complex128"})
for op in ("Real", "Imag", "Angle", "ComplexAbs"):
    case(op, [x], {"Tout": "float64"})
case("Conj", [x])
case("ConjugateTranspose", [m, ints(1, 0)])
case("Transpose", [m, ints(1, 0)])
case("Cast", [x], {"DstT": "float64"})
case("Cast", [x.real.copy()], {"DstT": "complex128"})
fractions = np.array([1.75 + 2j, 1j, -2.5, 0, 3 - 1j, -0.5])
case("Cast", [fractions], {"DstT": "bool"}, order=0)
case("Cast", [fractions], {"DstT": "int32"}, order=0)
case("Reshape", [m, ints(3, 2)])
case("ExpandDims", [m, np.int32(1)], order=1)
case("Squeeze", [m.reshape(2, 1, 3)], order=1)
case("ConcatV2", [[m, y.reshape(2, 3)], np.int32(1)])
case("Pack", [[x, y]], {"axis": 1})
case("Unpack", [m], {"num": 2, "axis": 0}, order=1, out=1)
case("Split", [np.int32(1), m], {"num_split": 3}, order=1, out=1)
case("Slice", [m, ints(0, 1), ints(2, 2)])
case("StridedSlice", [m, ints(0, 2), ints(2, -4), ints(1, -2)])
case("GatherV2", [m, ints(1, 0, 1), np.int32(0)])
case("GatherNd", [m, np.array([[0, 1], [1, 2]], np.int32)])
case("ScatterNd", [np.array([[1], [0], [1]], np.int32), x[:3], ints(3)])
case("Tile", [m, ints(2, 1)])
case("BroadcastTo", [x[:3], ints(2, 3)], order=1)
sides = np.array([[1, 0], [0, 2]], np.int32)
case("Pad", [m, sides])
case("PadV2", [m, sides, np.complex128(3 - 4j)], order=1)
case("MirrorPad", [m, sides], {"mode": "REFLECT"}, order=1)
case("ReverseV2", [m, ints(1)])
case("Fill", [ints(2, 2), np.complex128(1 - 2j)], order=1)
case("ZerosLike", [m], order=0)
case("OnesLike", [m], order=0)
case("Identity", [m])
case("Select", [np.array([True, False, True, False, True, False]), x, y])
case("SelectV2", [np.array([True, False, True]), m, y[:3]])
case("UnsortedSegmentSum", [x, ints(0, 1, 0, 1, 0, 2), np.int32(3)])
case("BiasAdd", [m, y[:3]])
case("BiasAddGrad", [m])
case("OneHot", [ints(1, 0), np.int32(3), x[0], x[1]], {"axis": -1}, order=0)

lines = ",\n".join(json.dumps(c, allow_nan=False) for c in cases)
with open(sys.argv[1], "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
    file.write(f"[\n{lines}\n]\n".encode())
