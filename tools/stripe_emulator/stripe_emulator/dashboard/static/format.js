// How amounts, times and bodies are written.

/** An amount in minor units, such as 1,299.00 USD: exact, whatever its size. */
export function amount(minor, currency, decimals) {
  const digits = String(Math.abs(minor)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = decimals ? `.${digits.slice(-decimals)}` : "";
  return `${minor < 0 ? "−" : ""}${whole}${fraction} ${currency.toUpperCase()}`;
}

/** Seconds since 1970 as 2026-01-31 23:59:59, in UTC. */
export const time = (seconds) =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

/** A body as it is read best: JSON indented, a form as one decoded parameter a line. */
export function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return form(body);
  }
}

/** A form or a query as one decoded parameter a line. */
export const form = (text) =>
  [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${value}`).join("\n");

/** What an injected fault did, in words. */
export const FAULTS = {
  latency: "The answer was late; the work was done.",
  status_500_before: "The work was not done; the caller saw a 500.",
  status_500_after: "The work was done, though the caller saw a 500.",
  timeout_after: "The work was done; the caller got no answer.",
  hang: "The work was not done; the caller got no answer.",
  reset: "The work was not done; the connection was reset.",
  reset_after: "The work was done, then the connection was reset.",
  truncated: "The work was done; the caller got a part of the answer.",
  409: "The work was not done; the caller saw a 409.",
  429: "The work was not done; the caller saw a 429.",
};
