#include "hardware.h"

// Longest wait for a card to take a command, and for its ACK, in ms. A Roland is silent for up to
// 70.1 ms after a reset in UART mode.
constexpr ULONG ReadyLimitMs = 100;
constexpr ULONG AckLimitMs = 100;

// A wait at PASSIVE_LEVEL looks this often in this pitch before it gives the processor away.
constexpr ULONG QuickLooks = 20;
constexpr ULONG QuickPitchUs = 25;

// Pitch of later looks, in 100 ns units.
constexpr ULONG SlowPitch = 10000;

// Looks before a card that is to be silenced is left as it is.
constexpr ULONG SilenceLooks = 2;

// A full buffer frees a place every 320 us; one call lasts at most the pitch of the sequencer.
constexpr ULONG OutputPitchUs = 10;
constexpr ULONG OutputByteLimit = 4000;
constexpr ULONG OutputCallLimit = 10000;

// The most looks for room for one byte, should the clock stand still.
constexpr ULONG OutputLooks = 1 + OutputByteLimit / (OutputPitchUs * 10);

ULONGLONG Now()
{
    LARGE_INTEGER frequency;
    ULONGLONG count = KeQueryPerformanceCounter(&frequency).QuadPart;
    ULONGLONG perSecond = frequency.QuadPart;
    return count / perSecond * 10000000 + count % perSecond * 10000000 / perSecond;
}

void Sleep(ULONG units100ns)
{
    LARGE_INTEGER interval;
    interval.QuadPart = -static_cast<LONGLONG>(units100ns);
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
}

// What runs at the level of the interrupt, with its lock held, and what it is told.

struct CommandContext {
    Card *card;
    UCHAR command;
    Status status;
};

static NTSTATUS NTAPI CommandRoutine(PINTERRUPTSYNC, PVOID context)
{
    auto told = static_cast<CommandContext *>(context);
    told->status = told->card->TryCommand(told->command);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI PollRoutine(PINTERRUPTSYNC, PVOID card)
{
    Status status;
    static_cast<Card *>(card)->Drain(status);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI SwitchOffRoutine(PINTERRUPTSYNC, PVOID card)
{
    static_cast<Card *>(card)->SetMode(Mode::Off);
    return STATUS_SUCCESS;
}

struct CaptureContext {
    Card *card;
    bool keep;
};

static NTSTATUS NTAPI CaptureRoutine(PINTERRUPTSYNC, PVOID context)
{
    auto told = static_cast<CaptureContext *>(context);
    told->card->SetCapture(told->keep);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI ClearRoutine(PINTERRUPTSYNC, PVOID card)
{
    static_cast<Card *>(card)->Clear();
    return STATUS_SUCCESS;
}

struct TakeContext {
    Card *card;
    UCHAR *buffer;
    ULONG length;
};

static NTSTATUS NTAPI TakeRoutine(PINTERRUPTSYNC, PVOID context)
{
    auto told = static_cast<TakeContext *>(context);
    told->length = told->card->Take(told->buffer, told->length);
    return STATUS_SUCCESS;
}

// Waits until done() says so, at most the limit; false when it never did.
template <class Done> static bool WaitPolitely(ULONG limitMs, Done done)
{
    ULONGLONG end = Now() + limitMs * 10000ull;
    for (ULONG look = 0; look < QuickLooks; look++) {
        if (done()) {
            return true;
        }
        KeStallExecutionProcessor(QuickPitchUs);
    }
    for (ULONG look = 0; look < limitMs; look++) {
        if (done()) {
            return true;
        }
        if (Now() >= end) {
            return false;
        }
        Sleep(SlowPitch);
    }
    return done();
}

Hardware::Hardware(Card *card, PINTERRUPTSYNC interrupt) : m_card(card), m_interrupt(interrupt)
{
    if (m_interrupt) {
        m_interrupt->AddRef();
    }
}

Hardware::~Hardware()
{
    if (m_card->GetMode() != Mode::Off) {
        Silence();
    }
    if (m_interrupt) {
        m_interrupt->Disconnect();
        ReleaseAndClear(m_interrupt);
    }
    delete m_card;
}

bool Hardware::Open(bool capture)
{
    if (m_open[capture]) {
        return false;
    }
    m_open[capture] = true;
    return true;
}

NTSTATUS Hardware::Start()
{
    m_card->SetMode(Mode::Command);
    NTSTATUS status = ResetAndEnterUart();
    m_card->SetMode(NT_SUCCESS(status) ? Mode::Uart : Mode::Off);
    return status;
}

NTSTATUS Hardware::ResetAndEnterUart()
{
    bool reset = false;
    NTSTATUS status = Command(ResetCommand, reset);
    // A card in UART mode may take the first reset without a word.
    if (NT_SUCCESS(status) && !reset) {
        status = Command(ResetCommand, reset);
    }
    bool uart = false;
    if (NT_SUCCESS(status)) {
        status = Command(EnterUartCommand, uart);
    }
    if (NT_SUCCESS(status) && !uart) {
        DbgPrint("MPU-401 at %X: did not acknowledge UART mode, used as it is\n",
                 m_card->GetRegisters().Base());
    }
    return status;
}

NTSTATUS Hardware::Command(UCHAR command, bool &acknowledged)
{
    Status status;
    bool taken = WaitPolitely(ReadyLimitMs, [&] {
        status = TryCommand(command);
        return status.CanWrite();
    });
    if (!taken) {
        DbgPrint("MPU-401 at %X: %s\n", m_card->GetRegisters().Base(),
                 status.IsFloating() ? "no card answers" : "takes no command");
        return STATUS_IO_DEVICE_ERROR;
    }
    acknowledged = WaitPolitely(AckLimitMs, [&] {
        // The interrupt may have brought it; a card need not interrupt for an ACK, though.
        if (!m_card->IsAcknowledged()) {
            Poll();
        }
        return m_card->IsAcknowledged();
    });
    return STATUS_SUCCESS;
}

void Hardware::Silence()
{
    if (m_card->GetMode() == Mode::Off) {
        return;
    }
    m_card->SetMode(Mode::Command);
    for (ULONG look = 0; look < SilenceLooks; look++) {
        bool taken = TryCommand(ResetCommand).CanWrite();
        Sleep(SlowPitch);
        if (taken) {
            // An ACK left unread would hold the line up with nobody to lower it.
            Poll();
            break;
        }
    }
    Synchronized(SwitchOffRoutine, m_card);
}

ULONG Hardware::Write(const UCHAR *data, ULONG length, bool patient)
{
    if (m_card->GetMode() != Mode::Uart) {
        return 0;
    }
    ULONGLONG callEnd = Now() + OutputCallLimit;
    ULONG written = 0;
    while (written < length) {
        ULONGLONG end = 0;
        if (patient) {
            ULONGLONG byteEnd = Now() + OutputByteLimit;
            end = byteEnd < callEnd ? byteEnd : callEnd;
        }
        bool late = written > 0 && Now() >= callEnd;
        if (late || !WaitForRoom(end)) {
            break;
        }
        m_card->GetRegisters().WriteData(data[written]);
        written++;
    }
    return written;
}

bool Hardware::WaitForRoom(ULONGLONG end)
{
    for (ULONG look = 0; look < OutputLooks; look++) {
        Status status = m_card->GetRegisters().ReadStatus();
        if (status.CanWrite()) {
            return true;
        }
        // Input that nobody reads blocks output on a Roland.
        if (status.CanRead()) {
            Poll();
        }
        if (Now() + OutputPitchUs * 10 > end) {
            return false;
        }
        KeStallExecutionProcessor(OutputPitchUs);
    }
    return false;
}

void Hardware::SetCapture(bool keep)
{
    CaptureContext context = {m_card, keep};
    Synchronized(CaptureRoutine, &context);
}

void Hardware::ClearCaptured()
{
    Synchronized(ClearRoutine, m_card);
}

ULONG Hardware::TakeCaptured(UCHAR *buffer, ULONG length)
{
    TakeContext context = {m_card, buffer, length};
    Synchronized(TakeRoutine, &context);
    return context.length;
}

void Hardware::Poll()
{
    Synchronized(PollRoutine, m_card);
}

Status Hardware::TryCommand(UCHAR command)
{
    CommandContext context = {m_card, command, Status()};
    Synchronized(CommandRoutine, &context);
    return context.status;
}

void Hardware::Synchronized(PINTERRUPTSYNCROUTINE routine, PVOID context)
{
    if (m_interrupt) {
        m_interrupt->CallSynchronizedRoutine(routine, context);
    } else {
        routine(nullptr, context);
    }
}
