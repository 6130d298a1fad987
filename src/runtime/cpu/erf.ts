/**
 * erf and erfc in double precision. Three ways, each where it is accurate: the power series near 0,
 * and elsewhere exp(-x^2) times the scaled function erfcx(x) = exp(x^2) erfc(x), held as a Chebyshev
 * series in y = (x - 2) / (x + 2). The series is not a table: it is fitted once, at load, to the
 * continued fraction of erfc (Abramowitz and Stegun 7.1.14).
 */

const invSqrtPi = 1 / Math.sqrt(Math.PI);
/** Below this the power series (A&S 7.1.5) loses no digits. */
const seriesLimit = 1;
/** erfc underflows to 0 beyond; erf is 1 to double precision from 6 on. */
const erfcLimit = 27.3;
const erfLimit = 6;
const seriesTerms = 22;
const chebyshevTerms = 40;

/** erf(x) = x * sum of c[n] x^(2n), c[n] = 2/sqrt(pi) (-1)^n / (n! (2n+1)). */
const seriesCoefficients = ((): Float64Array => {
  const c = new Float64Array(seriesTerms);
  let factor = 2 * invSqrtPi;
  for (let n = 0; n < seriesTerms; n++) {
    c[n] = factor / (2 * n + 1);
    factor /= -(n + 1);
  }
  return c;
})();

function erfSeries(x: number): number {
  const square = x * x;
  let sum = 0;
  for (let n = seriesTerms - 1; n >= 0; n--) sum = sum * square + (seriesCoefficients[n] as number);
  return x * sum;
}

/** sqrt(pi) erfcx(x) = 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...)))), from the tail inwards. */
function erfcxFraction(x: number): number {
  let tail = x;
  for (let n = 400; n > 0; n--) tail = x + n / 2 / tail;
  return invSqrtPi / tail;
}

const erfcxExact = (x: number): number =>
  x < seriesLimit ? Math.exp(x * x) * (1 - erfSeries(x)) : erfcxFraction(x);

/** Chebyshev coefficients of (1 + x) erfcx(x), which is smooth and bounded on 0 <= x <= infinity. */
const chebyshev = ((): Float64Array => {
  const n = chebyshevTerms;
  const values = Float64Array.from({ length: n }, (_, i) => {
    const y = Math.cos((Math.PI * (i + 0.5)) / n);
    const x = (2 * (1 + y)) / (1 - y);
    return (1 + x) * erfcxExact(x);
  });
  return Float64Array.from({ length: n }, (_, j) => {
    const sum = values.reduce((s, v, i) => s + v * Math.cos((Math.PI * j * (i + 0.5)) / n), 0);
    return ((j === 0 ? 1 : 2) * sum) / n;
  });
})();

/** erfc of x >= 0, by Clenshaw's recurrence. */
function erfcPositive(x: number): number {
  if (x > erfcLimit) return 0;
  const y2 = (2 * (x - 2)) / (x + 2);
  let b1 = 0;
  let b2 = 0;
  for (let j = chebyshevTerms - 1; j > 0; j--) {
    const b0 = y2 * b1 - b2 + (chebyshev[j] as number);
    b2 = b1;
    b1 = b0;
  }
  const scaled = ((y2 / 2) * b1 - b2 + (chebyshev[0] as number)) / (1 + x);
  // exp(-x^2) in two factors: the square of the float32 part is exact, so no digits of x^2 are lost.
  const high = Math.fround(x);
  return scaled * Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < seriesLimit) return erfSeries(x);
  if (!(size < erfLimit)) return Number.isNaN(x) ? x : Math.sign(x);
  const rest = erfcPositive(size);
  return x > 0 ? 1 - rest : rest - 1;
}

export function erfc(x: number): number {
  if (Math.abs(x) < 0.5) return 1 - erfSeries(x);
  return x < 0 ? 2 - erfcPositive(-x) : Number.isNaN(x) ? x : erfcPositive(x);
}
