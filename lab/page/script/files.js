// The user's own files: dropped or opened, sorted by what they are, held in the page.
"use strict";

// What a file is, by the end of its name. `for` is the input that takes it.
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

  // Takes a file of the user. `wanted` is the kind that its place on the page takes, if it was
  // opened there. Gives the file; throws a sentence when it is too long or of no kind.
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
