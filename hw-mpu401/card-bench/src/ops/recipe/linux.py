device = os.open("/dev/port", os.O_RDWR)


def port(register):
    # M is the control register at base+2, where a card has one.
    return {"D": DATA, "M": DATA + 2}.get(register, STATUS)


def read(register):
    return os.pread(device, 1, port(register))[0]


def write(register, byte):
    os.pwrite(device, bytes([byte]), port(register))


def wait(us):
    if us >= 2000:
        time.sleep(us / 1e6)
        return
    end = time.perf_counter_ns() + us * 1000
    while time.perf_counter_ns() < end:
        pass


def poll(register, mask, wanted, times, pause):
    for reads in range(1, times + 1):
        byte = read(register)
        if byte & mask == wanted:
            break
        if reads < times:
            wait(pause)
    return f"{reads} {byte:02X}"


def drain(most):
    found = []
    while len(found) < most and not read("S") & 0x80:
        found.append(read("D"))
    return " ".join(f"{byte:02X}" for byte in found)


def init(mode):
    for command in [0xFF, 0xFF] + ([0x3F] if mode == "uart" else []):
        write("C", command)
        wait(200000)
        drain(64)


print("portcls-emu results 1", MARK)
for step in STEPS.splitlines():
    line, *words = step.partition("#")[0].split() or [None]
    if line is None:
        continue
    letter, *rest = words
    if letter == "init":
        init(rest[0])
    elif letter == "R":
        print(line, f"R {read(rest[0]):02X}")
    elif letter == "W":
        write(rest[0], int(rest[1], 16))
    elif letter == "P":
        mask, wanted = int(rest[1], 16), int(rest[2], 16)
        print(line, "P", poll(rest[0], mask, wanted, int(rest[3]), float(rest[4])))
    elif letter == "drain":
        print(line, "D", drain(int(rest[0])))
    elif letter == "wait":
        wait(float(rest[0]))
