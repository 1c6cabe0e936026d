// The user's files: the user drops or opens them, and the page sorts them by kind and holds them.
"use strict";

// The kinds of files, by the end of the name. `for` is the input that takes the file.
const KINDS = [
  { end: /\.sys$/i, kind: "driver" },
  { end: /\.(pdb|debug)$/i, kind: "symbols" },
  { end: /\.(midi?|rmi|syx|bin)$/i, kind: "song" },
  { end: /\.ops$/i, kind: "script" },
  { end: /\.inf$/i, kind: "inf" },
  { end: /\.trace$/i, kind: "trace" },
];

class Files {
  constructor() {
    this.all = new Map();
  }

  of(kind) {
    return [...this.all.values()].filter((file) => file.kind === kind);
  }

  get(name) {
    return this.all.get(name);
  }

  // Takes a file of the user. `wanted` is the kind that the button takes, if the user opened the
  // file there. Returns the file. Throws a sentence if the file is too long or of no known kind.
  async take(file, limit, wanted) {
    if (limit && file.size > limit) {
      throw new Error(
        `${file.name} has ${grouped(file.size)} bytes, and the page takes files up to ` +
          `${grouped(limit)}.`,
      );
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const kind = kindOf(file.name, bytes, wanted);
    if (!kind) {
      throw new Error(
        `${file.name} is of no kind that the page knows: open a driver (.sys, .pdb, .inf), ` +
          "music (.mid, .rmi, .syx), a card or scenario (.toml), a script (.ops) or a trace.",
      );
    }
    const taken = { name: file.name, bytes, kind };
    this.all.set(file.name, taken);
    return taken;
  }
}

function kindOf(name, bytes, wanted) {
  if (wanted === "driver") return /\.(pdb|debug)$/i.test(name) ? "symbols" : "driver";
  if (wanted) return wanted;
  const found = KINDS.find(({ end }) => end.test(name));
  if (found) return found.kind;
  const begin = new TextDecoder().decode(bytes.subarray(0, 4096));
  if (/\.toml$/i.test(name)) {
    return /^\s*(\[\[?(step|machine|expect|golden|driver)\b|version\s*=)/m.test(begin)
      ? "scenario"
      : "card";
  }
  if (begin.startsWith("MZ")) return "driver";
  // SysEx begins with F0.
  if (/^(MThd|RIFF)/.test(begin) || bytes[0] === 0xf0) return "song";
  if (begin.startsWith("# portcls-emu trace")) return "trace";
  return null;
}
