// Formats of amounts, times and bodies.

/** Format an amount in minor units exactly, such as 1,299.00 USD. */
export function amount(minor, currency, decimals) {
  const digits = String(Math.abs(minor)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = decimals ? `.${digits.slice(-decimals)}` : "";
  return `${minor < 0 ? "−" : ""}${whole}${fraction} ${currency.toUpperCase()}`;
}

/** Format seconds since 1970 as 2026-01-31 23:59:59, in UTC. */
export const time = (seconds) =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

/** Format a body: JSON indented, a form with one decoded parameter per line. */
export function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return form(body);
  }
}

/** Format a form or a query with one decoded parameter per line. */
export const form = (text) =>
  [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${value}`).join("\n");

/** Descriptions of the injected faults. */
export const FAULTS = {
  latency: "The request was executed; the response was delayed.",
  status_500_before: "The request was not executed; the caller received a 500.",
  status_500_after: "The request was executed, but the caller received a 500.",
  timeout_after: "The request was executed; the caller received no response.",
  hang: "The request was not executed; the caller received no response.",
  reset: "The request was not executed; the connection was reset.",
  reset_after: "The request was executed, then the connection was reset.",
  truncated: "The request was executed; the caller received a part of the response.",
  409: "The request was not executed; the caller received a 409.",
  429: "The request was not executed; the caller received a 429.",
};
