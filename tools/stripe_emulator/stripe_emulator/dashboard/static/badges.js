// Statuses as badges: a sign and a word, so that they read without colour.
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

/** The status of a PaymentIntent; after a failed attempt it is marked as one. */
export function intentBadge(status, failed = false) {
  const [tone, sign] = INTENTS[status] ?? ["over", "·"];
  const open = tone === "wait" || tone === "over";
  return failed && open ? badge("bad", "✕", status) : badge(tone, sign, status);
}

/** The status of an answer; null is no answer at all. */
export function answerBadge(status) {
  if (status === null) return badge("bad", "✕", "no answer");
  if (status >= FIRST_FAILURE) return badge("bad", "✕", String(status));
  return status >= FIRST_ERROR ? badge("warn", "!", String(status)) : badge("good", "✓", String(status));
}

/** An injected fault, by its kind. */
export const faultBadge = (kind) => badge("fault", "⚡", kind);

/** An answer that was given again under its idempotency key. */
export const replayBadge = () => badge("over", "↻", "replayed");

/** Whether a logged request did not end well. */
export const isError = (entry) => entry.status === null || entry.status >= FIRST_ERROR;

/** Code and decline code as one text. */
export const errorCode = (code, declineCode) =>
  [code, declineCode === code ? null : declineCode].filter(Boolean).join(" · ");

function badge(tone, sign, text) {
  return element("span", { class: `badge ${tone}` },
    element("span", { class: "sign", "aria-hidden": "true" }, sign), text);
}
