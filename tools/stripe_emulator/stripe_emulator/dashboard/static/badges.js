// Statuses as badges, with a sign and a word to be readable without colour.
import { element } from "./dom.js";

const INTENTS = {
  succeeded: ["good", "✓"],
  requires_capture: ["held", "◷"],
  requires_action: ["wait", "…"],
  requires_confirmation: ["wait", "…"],
  requires_payment_method: ["wait", "…"],
  canceled: ["over", "∅"],
};
const FIRST_ERROR = 400;
const FIRST_FAILURE = 500;

/** Build the badge of a PaymentIntent's status, marked after a failed attempt. */
export function intentBadge(status, failed = false) {
  const [tone, sign] = INTENTS[status] ?? ["over", "·"];
  const open = tone === "wait" || tone === "over";
  return failed && open ? badge("bad", "✕", status) : badge(tone, sign, status);
}

/** Build the badge of a response's status; null means no response. */
export function responseBadge(status) {
  if (status === null) return badge("bad", "✕", "no response");
  if (status >= FIRST_FAILURE) return badge("bad", "✕", String(status));
  return status >= FIRST_ERROR ? badge("warn", "!", String(status)) : badge("good", "✓", String(status));
}

/** Build the badge of an injected fault. */
export const faultBadge = (kind) => badge("fault", "⚡", kind);

/** Build the badge of a response replayed for its idempotency key. */
export const replayBadge = () => badge("over", "↻", "replayed");

/** Return true if a logged request failed. */
export const isError = (entry) => entry.status === null || entry.status >= FIRST_ERROR;

/** Join code and decline code. */
export const errorCode = (code, declineCode) =>
  [code, declineCode === code ? null : declineCode].filter(Boolean).join(" · ");

function badge(tone, sign, text) {
  return element("span", { class: `badge ${tone}` },
    element("span", { class: "sign", "aria-hidden": "true" }, sign), text);
}
