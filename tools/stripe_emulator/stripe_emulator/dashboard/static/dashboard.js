// The dashboard: live updates, clock, faults, views and details.
import { Detail, missing, paymentDetail, requestDetail } from "./detail.js";
import { byId, element, soon } from "./dom.js";
import { amount, time } from "./format.js";
import { Payments } from "./payments.js";
import { Requests } from "./requests.js";

// A view is a section of the page and a link in <nav>; its ids have the prefix.
const VIEWS = {
  payments: { prefix: "pi_", open: openPayment },
  requests: { prefix: "req_", open: openRequest },
};
const COLUMNS = ["authorized", "captured", "released", "refunded", "held"];
const REFRESH_MILLISECONDS = 300;

const payments = new Payments();
const requests = new Requests();
const detail = new Detail();
let view = "payments";
let limit = 50;
let stream = null;
let cursor = "";
let shownState = "";

/** Return the view or the id in the fragment of the URL. */
function target() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

const refresh = soon(REFRESH_MILLISECONDS, () => {
  payments.refresh(limit).catch(() => {}); // the connection status shows it
  if (detail.id) openDetail(detail.id).catch(() => {});
});

// --- live updates ----------------------------------------------------------------------------

function connect() {
  if (stream || document.hidden) return;
  stream = new EventSource(`/_emulator/live?after=${encodeURIComponent(cursor)}`);
  stream.addEventListener("requests", (event) => {
    cursor = event.lastEventId;
    requests.add(JSON.parse(event.data), limit);
    refresh();
  });
  stream.addEventListener("state", (event) => showState(JSON.parse(event.data)));
  stream.addEventListener("open", () => { connection("live", "live"); refresh(); });
  stream.addEventListener("error", () => {
    connection("lost", "reconnecting…");
    if (stream?.readyState === EventSource.CLOSED) { disconnect("reconnecting…"); setTimeout(connect, 2000); }
  });
}

function disconnect(text) {
  stream?.close();
  stream = null;
  connection("lost", text);
}

function connection(state, text) {
  byId("connection").className = state;
  byId("connection").textContent = text;
}

// A hidden page closes its stream, because a browser allows six connections per host.
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect("paused") : connect()));

// --- state of the emulator --------------------------------------------------------------------

function showState(state) {
  limit = state.rows;
  byId("now").textContent = `${time(state.now)} UTC`;
  byId("now").setAttribute("datetime", new Date(state.now * 1000).toISOString());
  byId("payments-count").textContent = state.payments.toLocaleString("en");
  const { now, ...rest } = state;
  const json = JSON.stringify(rest);
  if (json === shownState) return;
  shownState = json;
  showFaults(state.faults);
  showTotals(state.totals);
  refresh();
}

function showFaults(faults) {
  byId("faults").hidden = faults.length === 0;
  byId("faults").querySelector("ul").replaceChildren(...faults.map((fault) => {
    const { id, kind, endpoint, ...settings } = fault;
    const fields = Object.entries(settings).map((pair) => pair.join(" "));
    return element("li", { title: fields.join(", ") }, element("code", {}, kind), " on ",
      element("code", {}, endpoint), fault.count ? ` ×${fault.count}` : "",
      fault.skip ? ` after ${fault.skip} more` : "");
  }));
}

function showTotals(totals) {
  const currencies = Object.entries(totals);
  byId("totals").hidden = currencies.length === 0;
  const names = new Set(currencies.flatMap(([, { sums }]) => Object.keys(sums)));
  const columns = [...COLUMNS.filter((name) => names.delete(name)), ...names];
  const table = byId("totals").querySelector("table");
  table.tHead.replaceChildren(element("tr", {}, element("th", { scope: "col" }, "Totals"),
    ...columns.map((name) => element("th", { scope: "col" }, name))));
  table.tBodies[0].replaceChildren(...currencies.map(([currency, { decimals, sums }]) =>
    element("tr", {}, element("th", { scope: "row" }, currency.toUpperCase()),
      ...columns.map((name) => element("td", { "data-name": name, class: sums[name] ? null : "zero" },
        amount(sums[name], currency, decimals).replace(/ \w+$/, ""))))));
}

// --- views and details ------------------------------------------------------------------------

async function read(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  return response.ok ? response.json() : null;
}

async function openPayment(id) {
  const [payment, log] = await Promise.all([
    read(`/_emulator/payments/${encodeURIComponent(id)}`),
    read(`/_emulator/requests?touching=${encodeURIComponent(id)}`),
  ]);
  return [[payment, log], payment ? paymentDetail(payment, log.requests) : missing(id)];
}

async function openRequest(id) {
  const entry = await read(`/_emulator/requests/${encodeURIComponent(id)}`);
  const search = (text) => { requests.search(text); location.hash = "requests"; };
  return [entry, entry ? requestDetail(entry, search) : missing(id)];
}

async function openDetail(id) {
  const [data, content] = await VIEWS[view].open(id);
  if (target() === id) {
    detail.show(id, data, content, `#${view}`);
    markOpen(id);
  }
}

function markOpen(id) {
  for (const row of document.querySelectorAll(".view tr[data-id]")) {
    row.classList.toggle("open", row.dataset.id === id);
  }
}

function route() {
  const id = target();
  const [name] = Object.entries(VIEWS).find(([, { prefix }]) => id.startsWith(prefix)) ?? [id];
  view = Object.hasOwn(VIEWS, name) ? name : "payments";
  for (const section of document.querySelectorAll(".view")) section.hidden = section.id !== `view-${view}`;
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.getAttribute("href") === `#${view}`;
    if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  if (name === id) closeDetail(); else openDetail(id).catch(() => {});
}

function closeDetail() {
  const id = detail.id;
  detail.close();
  markOpen(null);
  if (id) document.querySelector(`.view tr[data-id="${CSS.escape(id)}"] a`)?.focus();
}

window.addEventListener("hashchange", route);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && detail.id) location.hash = view;
});

// --- actions ----------------------------------------------------------------------------------

const act = (method, path, body) => fetch(`/_emulator/${path}`, {
  method, body: body && JSON.stringify(body), headers: body && { "Content-Type": "application/json" },
}).then(refresh, refresh);

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () =>
    act("POST", "clock", { advance_seconds: Number(button.dataset.advance) }));
}
byId("disarm").addEventListener("click", () => act("DELETE", "faults"));
byId("reset").addEventListener("click", () => byId("confirm-reset").showModal());
byId("confirm-reset").addEventListener("close", (event) => {
  if (event.target.returnValue === "reset") act("POST", "reset");
  event.target.returnValue = "";
});

route();
connect();
