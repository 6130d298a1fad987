/**
 * Optimizer kernels that keep a direction or nothing: gradient descent, momentum, sign-based and
 * proximal steps (tensorflow/core/kernels/training_ops.cc).
 */
import { add, div, mul, sub, unary, type Expr } from '../../ir/expr.js';
import { oneMinus, onePlus, product, rsqrt, shrunk, sign, square } from './apply-math.js';
import { applyPair, resourceApply } from './apply-op.js';

/** w -= alpha * g. */
export const [ApplyGradientDescent, ResourceApplyGradientDescent] = applyPair({
  name: 'GradientDescent',
  state: ['var'],
  inputs: ['alpha', 'delta'],
  shaped: ['delta'],
  next: ({ var: w, alpha, delta }) => ({ var: sub(w, mul(alpha, delta)) }),
});

/** a = a * mu + g; w -= lr * a, or with Nesterov's look-ahead w -= lr * (g + mu * a). */
export const [ApplyMomentum, ResourceApplyMomentum] = applyPair({
  name: 'Momentum',
  state: ['var', 'accum'],
  inputs: ['lr', 'grad', 'momentum'],
  shaped: ['grad'],
  flags: { use_nesterov: false },
  next: ({ var: w, accum, lr, grad, momentum }, { use_nesterov: nesterov }) => {
    const a = add(mul(accum, momentum), grad);
    const step = nesterov ? add(mul(grad, lr), product(a, momentum, lr)) : mul(a, lr);
    return { var: sub(w, step), accum: a };
  },
});

/** a = a * mu - lr * g; w += a, or with Nesterov's look-ahead w += mu * a - lr * g. */
export const ResourceApplyKerasMomentum = resourceApply({
  name: 'KerasMomentum',
  state: ['var', 'accum'],
  inputs: ['lr', 'grad', 'momentum'],
  shaped: ['grad'],
  flags: { use_nesterov: false },
  next: ({ var: w, accum, lr, grad, momentum }, { use_nesterov: nesterov }) => {
    const a = sub(mul(accum, momentum), mul(grad, lr));
    const step = nesterov ? sub(mul(a, momentum), mul(grad, lr)) : a;
    return { var: add(w, step), accum: a };
  },
});

/** w -= lr * (alpha + sign_decay * sign(g) * sign(m)) * g. */
export const [ApplyAddSign, ResourceApplyAddSign] = applyPair({
  name: 'AddSign',
  state: ['var', 'm'],
  inputs: ['lr', 'alpha', 'sign_decay', 'beta', 'grad'],
  shaped: ['grad'],
  next: ({ var: w, m, lr, alpha, sign_decay: decay, beta, grad }) => {
    const mean = add(mul(m, beta), mul(grad, oneMinus(beta)));
    const scale = add(alpha, product(decay, sign(grad), sign(mean)));
    return { var: sub(w, product(lr, scale, grad)), m: mean };
  },
});

/** w -= lr * exp(logbase * sign_decay * sign(g) * sign(m)) * g. */
export const [ApplyPowerSign, ResourceApplyPowerSign] = applyPair({
  name: 'PowerSign',
  state: ['var', 'm'],
  inputs: ['lr', 'logbase', 'sign_decay', 'beta', 'grad'],
  shaped: ['grad'],
  next: ({ var: w, m, lr, logbase, sign_decay: decay, beta, grad }) => {
    const mean = add(mul(m, beta), mul(grad, oneMinus(beta)));
    const scale = unary('exp', product(logbase, decay, sign(grad), sign(mean)));
    return { var: sub(w, product(lr, scale, grad)), m: mean };
  },
});

/** The proximal step: shrink by rate * l1, then divide by 1 + rate * l2. */
const proximal = (x: Expr, rate: Expr, l1: Expr, l2: Expr): Expr =>
  div(shrunk(x, mul(rate, l1)), onePlus(mul(l2, rate)));

/** p = w - alpha * g; w = sign(p) * max(|p| - alpha * l1, 0) / (1 + alpha * l2). */
export const [ApplyProximalGradientDescent, ResourceApplyProximalGradientDescent] = applyPair({
  name: 'ProximalGradientDescent',
  state: ['var'],
  inputs: ['alpha', 'l1', 'l2', 'delta'],
  shaped: ['delta'],
  next: ({ var: w, alpha, l1, l2, delta }) => ({
    var: proximal(sub(w, mul(alpha, delta)), alpha, l1, l2),
  }),
});

/** The proximal step at rate lr / sqrt(a). */
export const [ApplyProximalAdagrad, ResourceApplyProximalAdagrad] = applyPair({
  name: 'ProximalAdagrad',
  state: ['var', 'accum'],
  inputs: ['lr', 'l1', 'l2', 'grad'],
  shaped: ['grad'],
  next: ({ var: w, accum, lr, l1, l2, grad }) => {
    const a = add(accum, square(grad));
    const rate = mul(lr, rsqrt(a));
    return { var: proximal(sub(w, mul(grad, rate)), rate, l1, l2), accum: a };
  },
});
