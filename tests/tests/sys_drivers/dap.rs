//! A client of the Debug Adapter Protocol, which acts like an editor.
//!
//! The client has one conversation with lldb-dap: attach, a breakpoint by line, the stack, the
//! locals, a step, the end. Source: Microsoft, Debug Adapter Protocol, the specification.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

/// The longest time of a conversation. A conversation takes two seconds on a quiet machine.
const LONGEST: Duration = Duration::from_secs(60);

/// What the adapter has told the editor.
#[derive(Debug)]
pub struct Seen {
    /// Why the run stopped.
    pub reason: String,
    /// The function in which the run stopped.
    pub function: String,
    /// The line on which the run stopped.
    pub line: u32,
    /// The names and values of the locals.
    pub variables: Vec<(String, String)>,
    /// Why the run stopped after a step over.
    pub after_step: String,
}

impl Seen {
    /// The value of a local.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Starts the adapter, and a thread that talks to the adapter. If the conversation lasts longer
/// than `LONGEST`, another thread kills the adapter. The talking thread panics when the adapter has
/// ended too early, or when an answer is wrong.
pub fn start(
    adapter: &str,
    driver: &Path,
    port: u16,
    breakpoint: (&'static str, u32),
) -> (Child, JoinHandle<Seen>) {
    let mut command = Command::new(adapter);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the adapter is installed");
    let client = Client {
        input: child.stdin.take().expect("it is a pipe"),
        output: BufReader::new(child.stdout.take().expect("it is a pipe")),
        sent: 0,
        early: Vec::new(),
    };
    let attach = json!({
        "attachCommands": [
            format!("target create {}", driver.display()),
            format!("gdb-remote 127.0.0.1:{port}"),
        ],
        "stopOnEntry": true,
    });
    let number = child.id().to_string();
    let conversation = thread::spawn(move || {
        let (end, ended) = mpsc::channel::<()>();
        thread::spawn(move || {
            if ended.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                drop(Command::new("kill").args(["-KILL", &number]).status());
            }
        });
        let seen = client.converse(&attach, breakpoint);
        drop(end);
        seen
    });
    (child, conversation)
}

struct Client {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    sent: u64,
    /// Messages that came while the client waited for another message.
    early: Vec<Value>,
}

impl Client {
    fn converse(mut self, attach: &Value, (source, line): (&str, u32)) -> Seen {
        self.ask("initialize", &json!({ "adapterID": "lldb-dap", "linesStartAt1": true }));
        let attached = self.send("attach", attach);
        self.event("initialized");
        let breakpoints = json!({ "source": { "name": source, "path": source },
                                  "breakpoints": [{ "line": line }] });
        let set = self.ask("setBreakpoints", &breakpoints);
        assert_eq!(set["breakpoints"][0]["verified"], true, "{set}");
        self.ask("configurationDone", &json!({}));
        self.response(attached);
        let entry = self.event("stopped");
        let thread = &entry["threadId"];
        self.ask("continue", &json!({ "threadId": thread }));
        let stop = self.event("stopped");
        let frame = self.top_frame(thread);
        let scopes = self.ask("scopes", &json!({ "frameId": frame["id"] }));
        let locals = scopes["scopes"][0]["variablesReference"].clone();
        let locals = self.ask("variables", &json!({ "variablesReference": locals }));
        let locals = locals["variables"].as_array().expect("a list").clone();
        self.ask("next", &json!({ "threadId": thread }));
        let after_step = text_of(&self.event("stopped")["description"]);
        self.ask("disconnect", &json!({ "terminateDebuggee": true }));
        Seen {
            reason: text_of(&stop["reason"]),
            function: text_of(&frame["name"]),
            line: line_of(&frame),
            variables: locals
                .iter()
                .map(|local| (text_of(&local["name"]), text_of(&local["value"])))
                .collect(),
            after_step,
        }
    }

    fn top_frame(&mut self, thread: &Value) -> Value {
        let stack = self.ask("stackTrace", &json!({ "threadId": thread, "levels": 1 }));
        stack["stackFrames"][0].clone()
    }

    /// Sends a request and waits for its answer.
    fn ask(&mut self, command: &str, arguments: &Value) -> Value {
        let number = self.send(command, arguments);
        self.response(number)
    }

    fn send(&mut self, command: &str, arguments: &Value) -> u64 {
        self.sent += 1;
        let request = json!({ "seq": self.sent, "type": "request", "command": command,
                              "arguments": arguments });
        let text = request.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it is there");
        self.input.flush().expect("it is there");
        self.sent
    }

    fn response(&mut self, number: u64) -> Value {
        let message = self
            .wait_for(|message| message["type"] == "response" && message["request_seq"] == number);
        assert_eq!(message["success"], true, "{message}");
        message["body"].clone()
    }

    fn event(&mut self, name: &str) -> Value {
        let message =
            self.wait_for(|message| message["type"] == "event" && message["event"] == name);
        message["body"].clone()
    }

    /// Waits for a message, and keeps the messages that come before this message.
    fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.early.iter().position(&is_it) {
            return self.early.remove(index);
        }
        loop {
            let message = self.receive();
            if is_it(&message) {
                return message;
            }
            self.early.push(message);
        }
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut header = String::new();
            let read = self.output.read_line(&mut header).expect("the adapter writes text");
            assert!(read > 0, "the adapter has ended; before: {:?}", self.early);
            match header.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().expect("a length"),
                None if header.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("the message is whole");
        serde_json::from_slice(&body).expect("the message is JSON")
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn line_of(frame: &Value) -> u32 {
    frame["line"].as_u64().unwrap_or_default() as u32
}
