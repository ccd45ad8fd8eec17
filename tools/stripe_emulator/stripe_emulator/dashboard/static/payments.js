// The table of payments, newest first; a refresh replaces changed rows only.
import { errorCode, intentBadge } from "./badges.js";
import { byId, element, row } from "./dom.js";
import { amount, time } from "./format.js";

const PAGE = 50;

function paymentRow(payment) {
  const error = payment.last_error;
  const failed = error !== null;
  const money = (minor) => amount(minor, payment.currency, payment.decimals);
  const part = payment.amount_received && payment.amount_received !== payment.amount
    ? element("p", { class: "muted" }, `${money(payment.amount_received)} received`) : null;
  const metadata = Object.entries(payment.metadata).map(([key, value]) =>
    element("code", { class: "pair" }, `${key}=${value}`));
  return row({ "data-id": payment.id, class: failed ? "failed" : null },
    ["status", intentBadge(payment.status, failed)],
    ["amount", element("a", { href: `#${payment.id}`, class: "whole" }, money(payment.amount)), part],
    ["who",
      element("p", {}, payment.customer_email ?? payment.customer ?? element("span", { class: "muted" }, "no customer")),
      element("p", { class: "muted" }, payment.card ?? "no card")],
    ["what",
      payment.description ? element("p", {}, payment.description) : null,
      metadata,
      failed
        ? element("p", { class: "cause", title: error.message },
          element("code", {}, errorCode(error.code, error.decline_code)), " ", error.message)
        : null],
    ["time", element("time", {}, time(payment.created))]);
}

export class Payments {
  #rows = new Map(); // by id: the shown JSON and its row
  #shown = [];
  #size = PAGE;
  #limit = PAGE;
  #find = ""; // the search among all payments, not only the shown ones
  #view = byId("view-payments");
  #body = this.#view.querySelector("tbody");
  #filter = this.#view.querySelector("form");
  #more = this.#view.querySelector(".more");

  constructor() {
    this.#filter.addEventListener("input", () => {
      if (this.#find) this.#look("");
      else this.#render();
    });
    this.#filter.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#look(this.#filter.elements.text.value.trim());
    });
    this.#more.addEventListener("click", () => {
      this.#size = Math.min(this.#size + PAGE, this.#limit);
      this.#look(this.#find);
    });
  }

  /** Fetch the newest payments, as many as are shown and at most `limit`. */
  async refresh(limit) {
    this.#limit = limit;
    const find = this.#find;
    const query = new URLSearchParams({ limit: Math.min(this.#size, limit), ...(find && { find }) });
    const response = await fetch(`/_emulator/payments?${query}`);
    const { payments, has_more: hasMore } = await response.json();
    if (find !== this.#find) return; // the search has changed meanwhile
    this.#shown = payments;
    this.#more.hidden = !hasMore || this.#size >= limit;
    this.#render();
  }

  #look(text) {
    this.#find = text;
    this.refresh(this.#limit).catch(() => {}); // the connection status shows it
  }

  #render() {
    const known = this.#rows;
    this.#rows = new Map();
    for (const payment of this.#shown.filter((shown) => this.#passes(shown))) {
      const json = JSON.stringify(payment);
      const before = known.get(payment.id);
      this.#rows.set(payment.id, before?.json === json ? before : { json, row: paymentRow(payment) });
    }
    const rows = [...this.#rows.values()].map((shown) => shown.row);
    this.#place(rows);
    const all = this.#shown.length;
    this.#filter.querySelector("output").textContent =
      this.#find ? `${rows.length} found` : `${rows.length} of the newest ${all}`;
    this.#view.querySelector("table").hidden = rows.length === 0;
    this.#view.querySelector(".empty").hidden = all > 0 || this.#find !== "";
  }

  // Unchanged rows stay in the document, which keeps the focus.
  #place(rows) {
    const focused = document.activeElement?.closest("#view-payments tr")?.dataset.id;
    const staying = new Set(rows);
    for (const old of [...this.#body.rows]) if (!staying.has(old)) old.remove();
    rows.forEach((wanted, index) => {
      const there = this.#body.rows[index];
      if (there !== wanted) this.#body.insertBefore(wanted, there ?? null);
    });
    if (focused && document.activeElement === document.body) {
      this.#rows.get(focused)?.row.querySelector("a").focus({ preventScroll: true });
    }
  }

  #passes(payment) {
    const { text, errors } = this.#filter.elements;
    if (errors.checked && payment.last_error === null) return false;
    if (this.#find) return true;
    const all = JSON.stringify(payment).toLowerCase();
    return text.value.toLowerCase().split(/\s+/).every((word) => all.includes(word));
  }
}
