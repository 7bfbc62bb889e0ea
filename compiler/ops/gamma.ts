/** log Γ, ψ and ψ' as formulas in x: Stirling's series far enough from 0, steps up to there, and reflection below 0. */

/** From where on the series hold: what they leave out is below 1e-12. */
const FAR = 8;
/** |x| as it counts, 1 − x below 0, since Γ(x)·Γ(1 − x) = π / sin πx; and what the series see, which is FAR or more. */
const ABOVE = "(x < 0 ? 1 - x : x)";
const Z = `(${ABOVE} < ${FAR} ? ${ABOVE} + ${FAR} : ${ABOVE})`;
/** πx less a whole number of half turns, of which sines and cosines of large x lose nothing; where nothing is reflected a quarter, of which no slope is infinite. */
const TURN = "(3.141592653589793 * (x < 0 ? x - floor(x) : 0.5))";

/** first − (second − (third − …) / z²) / z². */
const series = ([first, ...rest]: readonly string[]): string => (rest.length === 0 ? first! : `(${first} - ${series(rest)} / ${Z} / ${Z})`);
/** A term for each step up to FAR; `none` where there are no steps. */
const steps = (term: (at: string) => string, by: string, none: number): string => {
  const terms = Array.from({ length: FAR }, (_, n) => term(n === 0 ? ABOVE : `(${ABOVE} + ${n})`));
  return `(${ABOVE} < ${FAR} ? ${terms.join(by)} : ${none})`;
};

/** Of Stirling's series (Abramowitz & Stegun 6.1.41, 6.3.18, 6.4.12). */
const OF_LOG_GAMMA = series(["1 / 12", "1 / 360", "1 / 1260", "1 / 1680", "1 / 1188", "691 / 360360"]);
const OF_PSI = series(["1 / 12", "1 / 120", "1 / 252", "1 / 240", "1 / 132", "691 / 32760"]);
const OF_SLOPE = series(["1 / 6", "1 / 30", "1 / 42", "1 / 30", "5 / 66", "691 / 2730"]);

/** (z − ½)·(log z − 1) + ½·log 2π − ½ + …, which is infinite where z is, less the logarithm of Γ(z) / Γ(x). */
const REFLECTED_LOG = `(x < 0 ? log(3.141592653589793 / abs(sin(${TURN}))) : 0)`;
export const LOG_GAMMA = `${REFLECTED_LOG} + (x < 0 ? -1 : 1) * ((${Z} - 0.5) * (log(${Z}) - 1) + 0.4189385332046727 + ${OF_LOG_GAMMA} / ${Z} - log(${steps((at) => at, " * ", 1)}))`;

const REFLECTED_PSI = `(x < 0 ? 3.141592653589793 * cos(${TURN}) / sin(${TURN}) : 0)`;
export const DIGAMMA = `log(${Z}) - 0.5 / ${Z} - ${OF_PSI} / ${Z} / ${Z} - ${steps((at) => `1 / ${at}`, " + ", 0)} - ${REFLECTED_PSI}`;

const REFLECTED_SLOPE = `(x < 0 ? 9.869604401089358 / (sin(${TURN}) * sin(${TURN})) : 0)`;
export const TRIGAMMA = `(x < 0 ? -1 : 1) * ((1 + 0.5 / ${Z} + ${OF_SLOPE} / ${Z} / ${Z}) / ${Z} + ${steps((at) => `1 / ${at} / ${at}`, " + ", 0)}) + ${REFLECTED_SLOPE}`;

/** ψ(x) as a number. */
export function digamma(x: number): number {
  if (x < 0) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.floor(x)));
  let [z, before] = [x, 0];
  for (; z < FAR; z++) before += 1 / z;
  const q = 1 / (z * z);
  return Math.log(z) - 0.5 / z - q * (1 / 12 - q * (1 / 120 - q * (1 / 252 - q * (1 / 240 - q * (1 / 132 - (q * 691) / 32760))))) - before;
}
