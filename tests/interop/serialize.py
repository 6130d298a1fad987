"""TensorFlow's side of serialize.test.ts: makes graphs to freeze, and judges the files written."""

import json
import os
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

tf.disable_v2_behavior()


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def graph_def(path):
    result = tf.GraphDef()
    result.ParseFromString(read(path))
    return result


def build(name):
    """Graphs whose variables are used in every way freezing must follow."""
    x = tf.placeholder(tf.float32, [2, 3], name='x')
    v = tf.get_variable('v', initializer=np.array([0.5, -1.0, 2.0], np.float32), use_resource=name != 'ref')
    if name in ('ref', 'resource'):
        y = x * v
    elif name == 'gather':
        y = x * tf.gather(v, [2, 0, 1]) + tf.gather_nd(v, [[0], [1], [1]])
    elif name == 'cond':
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: x * v, lambda: x - v)
    else:
        y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * v + v[0]), [0, x])[1]
    return tf.identity(y, name='y')


CASES = [('ref', False), ('resource', False), ('gather', False)]
CASES += [(kind, v2) for kind in ('cond', 'while') for v2 in (False, True)]


def make(folder):
    for name, functional in CASES:
        (tf.enable_control_flow_v2 if functional else tf.disable_control_flow_v2)()
        with tf.Graph().as_default() as graph, tf.Session() as session:
            y = build(name)
            session.run(tf.global_variables_initializer())
            feed = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
            case = name + ('_v2' if functional else '')
            with open(f'{folder}/{case}.pb', 'wb') as f:
                f.write(graph.as_graph_def().SerializeToString())
            with open(f'{folder}/{case}.json', 'w') as f:
                json.dump({'y': session.run(y, {'x:0': feed}).ravel().tolist()}, f)


def check_frozen(folder):
    for name, functional in CASES:
        case = name + ('_v2' if functional else '')
        frozen = graph_def(f'{folder}/{case}.frozen.pb')
        ops = {n.op for n in frozen.node} | {n.op for f in frozen.library.function if 'frozen' in f.signature.name for n in f.node_def}
        assert not ops & {'VarHandleOp', 'ReadVariableOp', 'VariableV2', 'ResourceGather'}, (case, ops)
        with open(f'{folder}/{case}.json') as f:
            expected = json.load(f)['y']
        with tf.Graph().as_default(), tf.Session() as session:
            tf.import_graph_def(frozen, name='')
            feed = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
            got = session.run('y:0', {'x:0': feed}).ravel()
        np.testing.assert_allclose(got, expected, rtol=1e-6, err_msg=case)


def check_equal(folder):
    """Files come as count, then id, original, binary and text of each, all with lengths."""
    data = read(f'{folder}/graphs.bin')
    at = 0

    def take():
        nonlocal at
        length = int.from_bytes(data[at:at + 4], 'little')
        at += 4 + length
        return data[at - length:at]

    count = 0
    while at < len(data):
        name, original, ours, text = take().decode(), tf.GraphDef(), tf.GraphDef(), tf.GraphDef()
        original.ParseFromString(take())
        ours.ParseFromString(take())
        text_format.Parse(take().decode(), text)
        # Serialized in one way, since NaN differs from itself.
        parts = [g.SerializeToString(deterministic=True) for g in (original, ours, text)]
        assert parts[0] == parts[1], f'{name}: binary differs'
        assert text_format.MessageToString(original) == text_format.MessageToString(text), f'{name}: text differs'
        count += 1
    print(count)


if __name__ == '__main__':
    {'make': make, 'check-frozen': check_frozen, 'check-equal': check_equal}[sys.argv[1]](sys.argv[2])
