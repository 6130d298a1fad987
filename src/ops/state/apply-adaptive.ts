/**
 * Optimizer kernels that scale each element's step by its own history of gradients: Adam and its
 * kin, RMSProp, Adadelta, Adagrad and FTRL (tensorflow/core/kernels/training_ops.cc).
 */
import {
  add,
  cast,
  div,
  eq,
  gt,
  like,
  max,
  mul,
  neg,
  select,
  sub,
  binary,
  type Expr,
} from '../../ir/expr.js';
import {
  abs,
  averaged,
  oneMinus,
  product,
  rsqrt,
  shrunk,
  sign,
  sqrt,
  square,
} from './apply-math.js';
import { applyPair, resourceApply } from './apply-op.js';

/** lr * sqrt(1 - beta2^t) / (1 - beta1^t): Adam's rate with both biases corrected. */
const adamRate = (lr: Expr, beta1Power: Expr, beta2Power: Expr): Expr =>
  div(mul(lr, sqrt(oneMinus(beta2Power))), oneMinus(beta1Power));

/** Adam; epsilon is added outside the square root, to the uncorrected second moment. */
export const [ApplyAdam, ResourceApplyAdam] = applyPair({
  name: 'Adam',
  state: ['var', 'm', 'v'],
  inputs: ['beta1_power', 'beta2_power', 'lr', 'beta1', 'beta2', 'epsilon', 'grad'],
  shaped: ['grad'],
  flags: { use_nesterov: false },
  next: (x, { use_nesterov: nesterov }) => {
    const m = averaged(x.m, x.grad, x.beta1);
    const v = averaged(x.v, square(x.grad), x.beta2);
    const ahead = nesterov ? add(mul(x.grad, oneMinus(x.beta1)), mul(x.beta1, m)) : m;
    const step = mul(ahead, adamRate(x.lr, x.beta1_power, x.beta2_power));
    return { var: sub(x.var, div(step, add(sqrt(v), x.epsilon))), m, v };
  },
});

/** Adam whose second moment never falls. */
export const ResourceApplyAdamWithAmsgrad = resourceApply({
  name: 'AdamWithAmsgrad',
  state: ['var', 'm', 'v', 'vhat'],
  inputs: ['beta1_power', 'beta2_power', 'lr', 'beta1', 'beta2', 'epsilon', 'grad'],
  shaped: ['grad'],
  next: (x) => {
    const m = averaged(x.m, x.grad, x.beta1);
    const v = averaged(x.v, square(x.grad), x.beta2);
    const vhat = max(x.vhat, v);
    const step = mul(m, adamRate(x.lr, x.beta1_power, x.beta2_power));
    return { var: sub(x.var, div(step, add(sqrt(vhat), x.epsilon))), m, v, vhat };
  },
});

/** Adam with the infinity norm for its second moment. */
export const [ApplyAdaMax, ResourceApplyAdaMax] = applyPair({
  name: 'AdaMax',
  state: ['var', 'm', 'v'],
  inputs: ['beta1_power', 'lr', 'beta1', 'beta2', 'epsilon', 'grad'],
  shaped: ['grad'],
  next: (x) => {
    const m = averaged(x.m, x.grad, x.beta1);
    const v = max(mul(x.beta2, x.v), abs(x.grad));
    const rate = div(x.lr, oneMinus(x.beta1_power));
    return { var: sub(x.var, mul(rate, div(m, add(v, x.epsilon)))), m, v };
  },
});

/** ms averages g^2; mom = mom * mu + lr * g / sqrt(ms + epsilon); w -= mom. */
export const [ApplyRMSProp, ResourceApplyRMSProp] = applyPair({
  name: 'RMSProp',
  state: ['var', 'ms', 'mom'],
  inputs: ['lr', 'rho', 'momentum', 'epsilon', 'grad'],
  shaped: ['grad'],
  next: (x) => {
    const ms = averaged(x.ms, square(x.grad), x.rho);
    const step = div(mul(x.lr, x.grad), sqrt(add(ms, x.epsilon)));
    const mom = add(mul(x.mom, x.momentum), step);
    return { var: sub(x.var, mom), ms, mom };
  },
});

/** RMSProp over the variance of the gradient: ms - mg^2. */
export const [ApplyCenteredRMSProp, ResourceApplyCenteredRMSProp] = applyPair({
  name: 'CenteredRMSProp',
  state: ['var', 'mg', 'ms', 'mom'],
  inputs: ['lr', 'rho', 'momentum', 'epsilon', 'grad'],
  shaped: ['grad'],
  next: (x) => {
    const ms = averaged(x.ms, square(x.grad), x.rho);
    const mg = averaged(x.mg, x.grad, x.rho);
    const variance = add(sub(ms, square(mg)), x.epsilon);
    const mom = add(mul(x.mom, x.momentum), div(mul(x.lr, x.grad), sqrt(variance)));
    return { var: sub(x.var, mom), mg, ms, mom };
  },
});

/** Steps in units of past steps: u = g * sqrt(accum_update + eps) / sqrt(accum + eps). */
export const [ApplyAdadelta, ResourceApplyAdadelta] = applyPair({
  name: 'Adadelta',
  state: ['var', 'accum', 'accum_update'],
  inputs: ['lr', 'rho', 'epsilon', 'grad'],
  shaped: ['grad'],
  next: (x) => {
    const decayed = (average: Expr, value: Expr): Expr =>
      add(mul(average, x.rho), mul(square(value), oneMinus(x.rho)));
    const accum = decayed(x.accum, x.grad);
    const update = product(
      sqrt(add(x.accum_update, x.epsilon)),
      rsqrt(add(accum, x.epsilon)),
      x.grad,
    );
    return {
      var: sub(x.var, mul(update, x.lr)),
      accum,
      accum_update: decayed(x.accum_update, update),
    };
  },
});

/** a += g^2; w -= lr * g / sqrt(a). */
export const [ApplyAdagrad, ResourceApplyAdagrad] = applyPair({
  name: 'Adagrad',
  state: ['var', 'accum'],
  inputs: ['lr', 'grad'],
  shaped: ['grad'],
  flags: { update_slots: true },
  next: ({ var: w, accum, lr, grad }, { update_slots: update }) => {
    const a = update ? add(accum, square(grad)) : accum;
    return { var: sub(w, product(lr, grad, rsqrt(a))), accum: a };
  },
});

/** a += g^2; w -= lr * g / (sqrt(a) + epsilon). */
export const [ApplyAdagradV2, ResourceApplyAdagradV2] = applyPair({
  name: 'AdagradV2',
  state: ['var', 'accum'],
  inputs: ['lr', 'epsilon', 'grad'],
  shaped: ['grad'],
  flags: { update_slots: true },
  next: ({ var: w, accum, lr, epsilon, grad }, { update_slots: update }) => {
    const a = update ? add(accum, square(grad)) : accum;
    return { var: sub(w, div(mul(lr, grad), add(sqrt(a), epsilon))), accum: a };
  },
});

/** Dual averaging: w follows from the sums of g and g^2 alone. */
export const [ApplyAdagradDA, ResourceApplyAdagradDA] = applyPair({
  name: 'AdagradDA',
  state: ['var', 'gradient_accumulator', 'gradient_squared_accumulator'],
  inputs: ['grad', 'lr', 'l1', 'l2', 'global_step'],
  shaped: ['grad'],
  counters: ['global_step'],
  next: (x) => {
    const sum = add(x.gradient_accumulator, x.grad);
    const squares = add(x.gradient_squared_accumulator, square(x.grad));
    const step = cast(x.grad.type, x.global_step);
    const shrunkSum = select(gt(x.l1, like(x.l1, 0)), shrunk(sum, mul(x.l1, step)), sum);
    const scale = add(product(x.l2, step, x.lr), sqrt(squares));
    return {
      var: div(neg(mul(x.lr, shrunkSum)), scale),
      gradient_accumulator: sum,
      gradient_squared_accumulator: squares,
    };
  },
});

/** a^-p; a square root at the usual p = -0.5. */
const powerOf = (a: Expr, lrPower: Expr): Expr =>
  select(eq(lrPower, like(lrPower, -0.5)), sqrt(a), binary('pow', a, neg(lrPower)));

type FtrlInput = 'var' | 'accum' | 'linear' | 'grad' | 'lr' | 'l1' | 'l2' | 'lr_power';

/** FTRL-proximal; `shrinkage` is added to the gradient that enters `linear`, not to its square. */
function ftrl(
  x: Readonly<Record<FtrlInput, Expr>>,
  scaledLinear: boolean,
  shrinkage: Expr | null,
): { var: Expr; accum: Expr; linear: Expr } {
  const grad = shrinkage === null ? x.grad : add(x.grad, shrinkage);
  const accum = add(x.accum, square(x.grad));
  const power = powerOf(accum, x.lr_power);
  const growth = sub(power, powerOf(x.accum, x.lr_power));
  const linear = scaledLinear
    ? add(x.linear, sub(mul(grad, x.lr), mul(growth, x.var)))
    : add(x.linear, sub(grad, mul(div(growth, x.lr), x.var)));
  const l1 = scaledLinear ? mul(x.l1, x.lr) : x.l1;
  const twiceL2 = mul(like(x.l2, 2), scaledLinear ? mul(x.l2, x.lr) : x.l2);
  const quadratic = add(scaledLinear ? power : div(power, x.lr), twiceL2);
  const moved = div(sub(mul(l1, sign(linear)), linear), quadratic);
  return { var: select(gt(abs(linear), l1), moved, like(linear, 0)), accum, linear };
}

export const [ApplyFtrl, ResourceApplyFtrl] = applyPair({
  name: 'Ftrl',
  state: ['var', 'accum', 'linear'],
  inputs: ['grad', 'lr', 'l1', 'l2', 'lr_power'],
  shaped: ['grad'],
  flags: { multiply_linear_by_lr: false },
  recent: ['multiply_linear_by_lr'],
  next: (x, flag) => ftrl(x, flag.multiply_linear_by_lr, null),
});

/** FTRL with L2 shrinkage: the gradient gains 2 * l2_shrinkage * w. */
export const [ApplyFtrlV2, ResourceApplyFtrlV2] = applyPair({
  name: 'FtrlV2',
  state: ['var', 'accum', 'linear'],
  inputs: ['grad', 'lr', 'l1', 'l2', 'l2_shrinkage', 'lr_power'],
  shaped: ['grad'],
  flags: { multiply_linear_by_lr: false },
  recent: ['multiply_linear_by_lr'],
  next: (x, flag) =>
    ftrl(x, flag.multiply_linear_by_lr, product(like(x.grad, 2), x.l2_shrinkage, x.var)),
});
