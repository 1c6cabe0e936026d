// Ten songs of different kinds, each made from a few numbers.
"use strict";

// A number of variable length as in a MIDI file, with 7 bits in a byte.
function lengthBytes(number) {
  const bytes = [number & 127];
  for (let rest = number >> 7; rest; rest >>= 7) bytes.unshift((rest & 127) | 128);
  return bytes;
}

const long = (number) => [number >>> 24, (number >> 16) & 255, (number >> 8) & 255, number & 255];

// A MIDI file of tracks. A track is a list of events, each with a delta time and bytes.
function midiFile(tracks, division = 480) {
  const chunks = tracks.map((events) => {
    const all = [...events, [0, 0xff, 0x2f, 0]];
    const bytes = all.flatMap(([delta, ...rest]) => [...lengthBytes(delta), ...rest]);
    return [0x4d, 0x54, 0x72, 0x6b, ...long(bytes.length), ...bytes];
  });
  const format = tracks.length > 1 ? 1 : 0;
  const head = [0, format, 0, tracks.length, division >> 8, division & 255];
  return Buffer.from([0x4d, 0x54, 0x68, 0x64, ...long(6), ...head, ...chunks.flat()]);
}

const note = (delta, key, channel = 0) => [
  [delta, 0x90 | channel, key, 64],
  [delta, 0x80 | channel, key, 64],
];

// Notes one after the other, `delta` ticks each.
const scale = (count, delta) =>
  Array.from({ length: count }, (_, at) => note(delta, 60 + ((at * 7) % 24))).flat();

const tempo = (us) => [0, 0xff, 0x51, 3, us >> 16, (us >> 8) & 255, us & 255];
const sysex = (length) => [10, 0xf0, ...lengthBytes(length + 1), ...Array(length).fill(0x42), 0xf7];

const SONGS = {
  "scale.mid": midiFile([scale(24, 120)]),
  "quick.mid": midiFile([[tempo(200000), ...scale(120, 6)]]),
  "chord.mid": midiFile([[60, 64, 67, 72, 76].map((key) => [0, 0x90, key, 80])]),
  "two-tracks.mid": midiFile([scale(12, 100), scale(16, 90)]),
  "programs.mid": midiFile([
    [[0, 0xc0, 5], [10, 0xb0, 7, 100], [10, 0xe0, 0, 64], [10, 0xd0, 33], ...scale(4, 50)],
  ]),
  "sysex.mid": midiFile([[sysex(40), ...scale(3, 30), sysex(200)]]),
  "running.mid": midiFile([
    [
      [0, 0x90, 60, 64],
      [30, 62, 64],
      [30, 64, 64],
      [30, 60, 0],
    ],
  ]),
  "pause.mid": midiFile([[...note(10, 60), ...note(4800, 62)]]),
  "dump.syx": Buffer.from([0xf0, 0x41, 0x10, 0x42, 0x12, ...Array(60).fill(0x21), 0xf7]),
  "long.mid": midiFile([[tempo(500000), ...scale(2000, 24)]]),
};

module.exports = { SONGS, midiFile, scale, tempo };
