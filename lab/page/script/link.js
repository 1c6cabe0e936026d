// A link that holds all choices except files.
"use strict";

// The values of the inputs that an address holds; null for an address without values.
function readLink(address) {
  // An address without a value names a part of the page.
  if (!address.includes("=")) return null;
  return Object.fromEntries(new URLSearchParams(address.replace(/^#/, "")));
}

// The address for these choices. `files` says whether a file of the user was left out.
function writeLink(values, usual) {
  const place = new URLSearchParams();
  let files = false;
  for (const [name, value] of Object.entries(values)) {
    if (value === usual[name]) continue;
    if (String(value).startsWith("file:")) files = true;
    else place.set(name, value);
  }
  return { address: place.toString() ? "#" + place : "", files };
}
