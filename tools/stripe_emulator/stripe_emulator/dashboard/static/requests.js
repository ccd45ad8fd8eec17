// The table of requests, newest first: a bounded number of rows.
import { responseBadge, errorCode, faultBadge, isError, replayBadge } from "./badges.js";
import { byId, element, row } from "./dom.js";
import { time } from "./format.js";

/** Build the row of a logged request, with a link to its details. */
export function requestRow(entry) {
  const code = errorCode(entry.error_code ?? entry.error_type, entry.decline_code);
  const marks = [entry.fault && faultBadge(entry.fault), entry.replayed && replayBadge()];
  return row({ "data-id": entry.id, class: isError(entry) ? "failed" : null },
    ["status", responseBadge(entry.status)],
    ["what",
      element("a", { href: `#${entry.id}`, class: "whole" },
        element("b", {}, entry.method), " ", element("span", { class: "path" }, entry.path)),
      ...marks.filter(Boolean),
      code || entry.error_message
        ? element("p", { class: "cause", title: entry.error_message },
          element("code", {}, code), " ", entry.error_message ?? "")
        : null],
    ["key", element("code", { title: entry.idempotency_key }, entry.idempotency_key ?? "")],
    ["time", element("time", {}, time(entry.at))]);
}

export class Requests {
  #entries = [];
  #view = byId("view-requests");
  #body = this.#view.querySelector("tbody");
  #filter = this.#view.querySelector("form");
  #missed = 0;

  constructor() {
    this.#filter.addEventListener("input", () => this.#render());
    this.#filter.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Add rows, oldest first; `fresh` replaces the existing ones. */
  add({ fresh, missed, rows }, limit) {
    if (fresh) this.#missed = 0;
    this.#missed += missed;
    const kept = fresh ? [] : this.#entries;
    this.#entries = [...rows.toReversed(), ...kept].slice(0, limit);
    if (fresh) {
      this.#render();
      return;
    }
    this.#body.prepend(...rows.filter((entry) => this.#passes(entry)).map(requestRow).reverse());
    while (this.#body.rows.length > limit) this.#body.lastElementChild.remove();
    this.#count();
  }

  /** Show only the requests with a text. */
  search(text) {
    this.#filter.elements.text.value = text;
    this.#filter.elements.status.value = "";
    this.#filter.elements.errors.checked = false;
    this.#render();
  }

  #passes(entry) {
    const { text, status, errors } = this.#filter.elements;
    const answer = entry.status === null ? "none" : String(entry.status)[0];
    if (errors.checked && !isError(entry)) return false;
    if (status.value && status.value !== answer) return false;
    const { at, ...texts } = entry;
    const all = Object.values(texts).join(" ").toLowerCase();
    return text.value.toLowerCase().split(/\s+/).every((word) => all.includes(word));
  }

  #render() {
    const passing = this.#entries.filter((entry) => this.#passes(entry));
    this.#body.replaceChildren(...passing.map(requestRow));
    this.#count();
  }

  #count() {
    const all = this.#entries.length;
    const shown = this.#body.rows.length;
    const missed = this.#missed ? `, ${this.#missed} omitted` : "";
    byId("requests-count").textContent = all;
    this.#filter.querySelector("output").textContent = `${shown} of the last ${all}${missed}`;
    this.#view.querySelector("table").hidden = shown === 0;
    this.#view.querySelector(".empty").hidden = all > 0;
  }
}
