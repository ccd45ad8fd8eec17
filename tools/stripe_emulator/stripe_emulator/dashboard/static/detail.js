// The panel with the details of a request or a payment.
import { responseBadge, errorCode, faultBadge, intentBadge, isError, replayBadge } from "./badges.js";
import { byId, copyButton, element, row, terms } from "./dom.js";
import { amount, FAULTS, form, pretty, time } from "./format.js";
import { requestRow } from "./requests.js";

const MOVES = { holds: "Held", captures: "Captured", releases: "Released", refunds: "Refunded" };
const MAX_LINKS = 5;

const link = (id) => element("a", { href: `#${id}` }, id);
const heading = (text, ...beside) => element("h3", {}, text, ...beside);

function block(title, text) {
  if (!text) return [];
  return [heading(title, copyButton(text)), element("pre", { tabindex: "0", "aria-label": title }, text)];
}

function cause(code, message, ...more) {
  return element("div", { class: "why", role: "note" },
    code ? element("code", {}, code) : null, message ? element("p", {}, message) : null, ...more);
}

/** Build the details of a request. */
export function requestDetail(entry, search) {
  const code = errorCode(entry.error_code ?? entry.error_type, entry.decline_code);
  const body = entry.response_body ?? "";
  const named = [...new Set(`${entry.path} ${body} ${entry.withheld_body ?? ""}`.match(/\bpi_[A-Za-z0-9]+/g))].slice(0, MAX_LINKS);
  const first = entry.replayed ? entry.response_headers["original-request"] : null;
  const key = entry.idempotency_key;
  const sameKey = key && element("button", { type: "button", class: "quiet" }, "all with this key");
  sameKey?.addEventListener("click", () => search(key));
  const headers = (values) => Object.entries(values).map((pair) => pair.join(": ")).join("\n");
  return [
    element("h2", {}, responseBadge(entry.status), ` ${entry.method} `, element("span", { class: "path" }, entry.path)),
    entry.fault
      ? element("div", { class: "why fault", role: "note" }, faultBadge(entry.fault),
        element("p", {}, FAULTS[entry.fault] ?? "This fault was injected."))
      : null,
    isError(entry) && entry.status !== null ? cause(code, entry.error_message) : null,
    terms([
      ["Request", element("span", {}, link(entry.id), " ", copyButton(`${location.origin}/#${entry.id}`, "Copy link"))],
      ["Time", `${time(entry.at)} UTC`],
      ["Idempotency key", key && element("span", {}, element("code", {}, key), " ", sameKey)],
      ["Response", first && element("span", {}, replayBadge(), " of ", link(first))],
      ["Payment", named.length ? element("span", {}, ...named.flatMap((id) => [link(id), " "])) : null],
    ]),
    ...block("Query", form(entry.query)),
    ...block("Request body", pretty(entry.request_body)),
    ...block("Response body", pretty(body)),
    ...block("Withheld response", pretty(entry.withheld_body ?? "")),
    ...block("Request headers", headers(entry.request_headers)),
    ...block("Response headers", headers(entry.response_headers)),
  ];
}

function movements(payment, money) {
  const moved = Object.entries(payment.ledger)
    .filter(([kind, list]) => kind in MOVES && Array.isArray(list))
    .flatMap(([kind, list]) => list.map((move) => ({ ...move, id: move.charge, what: MOVES[kind] })));
  const failed = payment.charges.filter((charge) => charge.failure)
    .map((charge) => ({ ...charge, at: charge.created, what: "Failed",
      why: errorCode(charge.failure.code, charge.failure.decline_code) }));
  const all = [...moved, ...failed].sort((one, other) => one.at - other.at);
  if (!all.length) return [element("p", { class: "muted" }, "No payment attempt yet.")];
  const rows = all.map((move) => row({},
    ["", element("b", {}, move.what), " ", element("code", { class: "muted" }, move.id),
      move.why ? element("p", { class: "cause" }, element("code", {}, move.why)) : null],
    ["amount", money(move.amount), element("p", { class: "muted" }, time(move.at))]));
  return [element("table", { class: "moves" }, element("tbody", {}, rows))];
}

/** Build the details of a payment. */
export function paymentDetail(payment, requests) {
  const money = (minor) => amount(minor, payment.currency, payment.decimals);
  const error = payment.last_error;
  const held = payment.charges.find((charge) => payment.ledger.held && charge.capture_before);
  const customer = [payment.customer_email, payment.customer].filter(Boolean).join(" · ");
  return [
    element("h2", {}, money(payment.amount), " ", intentBadge(payment.status, error !== null)),
    error && cause(errorCode(error.code, error.decline_code), error.message),
    held && element("p", { class: "held-note" },
      `◷ ${money(payment.ledger.held)} on hold until ${time(held.capture_before)} UTC`),
    terms([
      ["Payment", element("span", {}, link(payment.id), " ", copyButton(`${location.origin}/#${payment.id}`, "Copy link"))],
      ["Created", `${time(payment.created)} UTC`],
      ["Description", payment.description],
      ["Customer", customer],
      ["Card", payment.card],
      ["Payment method", payment.payment_method],
      ["Cancellation reason", payment.cancellation_reason],
    ]),
    ...(Object.keys(payment.metadata).length ? [heading("Metadata"), terms(Object.entries(payment.metadata))] : []),
    heading("Money"),
    ...movements(payment, money),
    heading("Related requests"),
    requests.length
      ? element("table", { class: "log", role: "table" }, element("tbody", { role: "rowgroup" }, requests.map(requestRow)))
      : element("p", { class: "muted" }, "No related request in the log."),
    element("details", {}, element("summary", {}, "PaymentIntent object"),
      element("pre", { tabindex: "0" }, JSON.stringify(payment.payment_intent, null, 2))),
  ];
}

/** Build the message for an unknown id. */
export const missing = (id) => [
  element("h2", {}, "Not found"),
  element("p", {}, element("code", {}, id), " is unknown or no longer kept."),
];

export class Detail {
  #panel = byId("detail");
  #shown = "";
  #id = null;

  /** The id that is open, or null. */
  get id() { return this.#id; }

  close() {
    this.#id = null;
    this.#shown = "";
    this.#panel.hidden = true;
    this.#panel.replaceChildren();
  }

  /** Show the content of an id, unless `data` is unchanged. */
  show(id, data, content, back) {
    const state = JSON.stringify([id, data]);
    if (state === this.#shown) return;
    const again = id === this.#id && this.#shown !== "";
    const { scrollTop } = this.#panel;
    const open = this.#panel.querySelector("details")?.open ?? false;
    this.#id = id;
    this.#shown = state;
    const close = element("a", { href: back, class: "close", "aria-label": "Close details" }, "✕");
    this.#panel.replaceChildren(close, ...content.filter(Boolean));
    this.#panel.hidden = false;
    const details = this.#panel.querySelector("details");
    if (again && details) details.open = open;
    this.#panel.scrollTop = again ? scrollTop : 0;
    if (!again) this.#panel.focus({ preventScroll: true });
  }
}
