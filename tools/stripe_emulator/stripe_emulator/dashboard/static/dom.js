// DOM elements. Text is only inserted as text nodes, because bodies and metadata are untrusted.

/** Create an element with attributes (null and false are omitted) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Create a table row; `cells` are [class, ...children]. */
export function row(attributes, ...cells) {
  const made = cells.map(([name, ...children]) =>
    element("td", { role: "cell", class: name }, ...children));
  return element("tr", { role: "row", ...attributes }, ...made);
}

/** Create a description list; terms without a value are omitted. */
export function terms(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", {}, shown.flatMap(([term, value]) =>
    [element("dt", {}, term), element("dd", {}, value)]));
}

/** Create a button that copies a text. */
export function copyButton(text, label = "Copy") {
  const button = element("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

/** Return a function that runs `run` at most once per `milliseconds`. */
export function soon(milliseconds, run) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => { timer = null; run(); }, milliseconds);
  };
}
