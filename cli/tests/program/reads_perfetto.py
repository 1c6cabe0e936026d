"""Reads a file for the Perfetto UI with the published messages, and prints what is in it."""

import sys

from perfetto.protos.perfetto.trace import perfetto_trace_pb2

BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4

trace = perfetto_trace_pb2.Trace()
with open(sys.argv[1], "rb") as file:
    trace.ParseFromString(file.read())

tracks = {}
slices, instants, values, open_slices = {}, {}, {}, {}
begins, ends = {}, {}
last = 0
for packet in trace.packet:
    if packet.HasField("track_descriptor"):
        tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        continue
    event = packet.track_event
    track = event.track_uuid
    assert track in tracks, f"track {track} has no description"
    assert packet.timestamp >= last, "the packets are in order of time"
    last = packet.timestamp
    if event.type == BEGIN:
        open_slices[track] = open_slices.get(track, 0) + 1
        slices[track] = slices.get(track, 0) + 1
    elif event.type == END:
        open_slices[track] = open_slices.get(track, 0) - 1
        assert open_slices[track] >= 0, f"a slice ends twice on {tracks[track].name}"
    elif event.type == INSTANT:
        instants[track] = instants.get(track, 0) + 1
    else:
        assert event.type == COUNTER and tracks[track].HasField("counter")
        values[track] = values.get(track, 0) + 1
    for flow in event.flow_ids:
        begins[flow] = packet.timestamp
    for flow in event.terminating_flow_ids:
        ends[flow] = packet.timestamp

assert not any(open_slices.values()), "each slice ends"
assert begins.keys() == ends.keys() and begins, "each flow has two ends"
assert all(begins[flow] <= ends[flow] for flow in begins), "no flow goes back in time"

children = [track for track in tracks.values() if track.parent_uuid]
for track in sorted(children, key=lambda track: track.sibling_order_rank):
    counts = [counted.get(track.uuid, 0) for counted in (slices, instants, values)]
    print("%-14s %4d slices %4d instants %4d values" % (track.name, *counts))
print(len(begins), "flows")
