// Elements. Text goes in as text nodes only: bodies and metadata come from anybody.

/** An element with attributes (those null or false are left out) and children, strings as text. */
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

/** A row of a table; `cells` are [class, ...children]. */
export function row(attributes, ...cells) {
  const made = cells.map(([name, ...children]) =>
    element("td", { role: "cell", class: name }, ...children));
  return element("tr", { role: "row", ...attributes }, ...made);
}

/** A list of terms; those without a value are left out. */
export function terms(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", {}, shown.flatMap(([term, value]) =>
    [element("dt", {}, term), element("dd", {}, value)]));
}

/** A button that copies a text. */
export function copyButton(text, label = "Copy") {
  const button = element("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

/** A function that runs soon after its last call, and at least every `milliseconds`. */
export function soon(milliseconds, run) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => { timer = null; run(); }, milliseconds);
  };
}
