// The parts of the document. Text from files and the module goes in as text and never as markup.
"use strict";

const byId = (id) => document.getElementById(id);

// A new element with children. A child is an element or a text; null adds no child.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A new element of an SVG picture.
function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// A paragraph in a quiet colour.
const quiet = (...words) => make("p", { class: "quiet" }, ...words);

// An entry of a list: its value, and its words.
const option = (value, words) => make("option", { value }, words);

// A number with a space between groups of three digits.
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

const counted = (number, one, many = one + "s") =>
  `${grouped(number)} ${number === 1 ? one : many}`;

// A time in us, ms or s, from ns.
function shortTime(ns) {
  if (ns < 1e6) return (ns / 1e3).toFixed(3).replace(/\.?0+$/, "") + " \u00b5s";
  if (ns < 1e10) return (ns / 1e6).toFixed(3).replace(/\.?0+$/, "") + " ms";
  return (ns / 1e9).toFixed(3).replace(/\.?0+$/, "") + " s";
}

// A text with a capital at its start. A file name or the name of a routine at its start stays as it
// is.
const sentence = (words) =>
  /^[a-z]+('s)?([ ,;:]|$)/.test(words ?? "")
    ? words[0].toUpperCase() + words.slice(1)
    : (words ?? "");

// Offers the user a file to save.
function saveFile(name, content, type = "text/plain") {
  const link = make("a", { download: name });
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Shows a message about the whole page; an empty text removes it.
function tellTrouble(words) {
  byId("trouble").textContent = words;
  byId("trouble").hidden = !words;
}
