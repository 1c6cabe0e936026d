//! The page of the contract: what the port offers, and a test of each.
//!
//! Owns the form of the page. The content of the page comes from the tables of the code and from a
//! scan of the sources.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;

use portcls_machine::emulator::{
    DriverObject, Kernel, KernelConfig, MajorFunction, PnpMinor, PowerAction, Rule,
};
use portcls_machine::guest::contract::{interfaces, routines};
use portcls_machine::guest::routine::{Checked, Routine, Serves};
use portcls_machine::port::contract::{Property, driver_methods, properties};
use portcls_machine::port::ks::{KsIoctl, KsPropertyType};
use portcls_machine::port::pc_initialize_adapter_driver;
use portcls_machine::rules;

use super::scan::{Spelling, Tests, snake_case};
use super::sources;

const HEAD: &str = "\
# The contract

This page lists what this PortCls offers to a driver and to a client: whether each row is offered,
the IRQL that is checked, and a test of the row. Everything that is in no table here is not offered:
a call of such a routine ends the run with its name, and a request for such a property is refused.

This page is made from the tables of the code, and a test compares the two; `cargo xtask pages`
writes it. So a row that loses its test shows in the difference of this page.

- **offered**: `yes`; `some classes`, when a routine makes some objects and refuses others;
  `refused`, when the routine, property or request is there only to be refused by its name.
- **IRQL**: the highest level at which a call keeps the rules, as the row of the routine or the
  service behind it checks it. The name of a rule instead of a level: a call at a wrong level breaks
  this rule, but no check with a constant level stands beside the name of the row. `-`: no rule is
  about the level of this row.
- **test**: the first test, in the order of files and lines, whose text names the row. The text of a
  test is its function, and the functions of the same file that it calls. Functions that those call,
  and functions of other files, do not count. A test names a row by one of these whole words, tried
  in this order: its name on this page; a routine's name in Rust, `pc_new_port`; a property in Rust,
  `KsPropertyPin::Category`, or by its number, `property_set::PIN, 11,` or `pin_property(11,`; a
  request in Rust, `PnpRequest::StopDevice`; a method in Rust with a point and a parenthesis,
  `.add_member(`, or in quotation marks, `\"AddMember\"`. If several interfaces have a method of
  this name, the file must also name the interface. `none`: no test names the row, but a test may
  still use it.
";

/// `docs/contract.md`.
pub fn page(root: &Path) -> String {
    let book = Book { tests: Tests::read(root), limits: limits(root) };
    let mut text = HEAD.to_owned();
    book.push_routines(&mut text);
    for (interface, methods) in interfaces() {
        book.push_interface(&mut text, interface, methods);
    }
    book.push_driver_methods(&mut text);
    book.push_properties(&mut text);
    book.push_events(&mut text);
    book.push_requests(&mut text);
    text
}

struct Book {
    tests: Tests,
    /// By the name of a routine: the level that the sources check for it.
    limits: BTreeMap<String, String>,
}

impl Book {
    fn push_routines(&self, text: &mut String) {
        text.push_str("\n## Routines\n\nOf `portcls.sys` and `ks.sys`.\n\n");
        push_head(text, &["routine", "offered", "IRQL", "test"]);
        for routine in routines() {
            let in_rust = Spelling::of(snake_case(routine.name));
            self.push_routine(text, routine, vec![Spelling::of(routine.name), in_rust]);
        }
    }

    fn push_interface(&self, text: &mut String, interface: &str, methods: &[Routine]) {
        let _ =
            write!(text, "\n## {interface}\n\nCalled by the driver on an object of the port.\n\n");
        push_head(text, &["method", "offered", "IRQL", "test"]);
        for method in methods {
            self.push_routine(text, method, spellings_of_method(method.name));
        }
    }

    fn push_routine(&self, text: &mut String, routine: &Routine, spellings: Vec<Spelling>) {
        let offered = match routine.serves {
            Serves::Everything => "yes",
            Serves::Classes(_) => "some classes",
            Serves::Nothing => "refused",
        };
        let irql = match routine.checked {
            Checked::UpTo(level) => level.to_string(),
            Checked::ByKernel => self.irql_by_service(routine.name),
        };
        self.push_row(text, &[&code(routine.name), offered, &irql], &spellings);
    }

    /// The level that the sources check for a routine. Otherwise the first rule about this routine,
    /// or `-` if there is none.
    fn irql_by_service(&self, name: &str) -> String {
        if let Some(level) = self.limits.get(name) {
            return level.clone();
        }
        rules::all().find(|rule| covers(rule, name)).map_or("-".to_owned(), |rule| code(rule.id))
    }

    fn push_driver_methods(&self, text: &mut String) {
        text.push_str(
            "\n## Methods of a driver\n\nCalled by the port on an object or routine of the driver. \
             The port checks that each returns at the IRQL of its call: `IrqlReturn`.\n\n",
        );
        push_head(text, &["method", "called", "IRQL", "test"]);
        for name in driver_methods() {
            let shown = if name.contains("::") { code(name) } else { name.to_owned() };
            let row = [&shown[..], "yes", "`IrqlReturn`"];
            self.push_row(text, &row, &spellings_of_method(name));
        }
    }

    fn push_properties(&self, text: &mut String) {
        text.push_str(
            "\n## Properties\n\nAsked for by a client on a file. The port is asked first, then a \
             table of the miniport. A property that neither has is refused: \
             `STATUS_PROPSET_NOT_FOUND`, or `STATUS_NOT_FOUND` when the set is known. The IRQL of \
             each is PASSIVE_LEVEL: `PcDispatchIrp` checks it.\n\n",
        );
        push_head(text, &["property", "on a filter", "on a pin", "test"]);
        for property in properties() {
            let Property { name, rust_name, set_name, id, on_filter, on_pin } = property;
            let number = format!("property_set::{set_name}, {id},");
            // For the set of pins this is `pin_property`, a function of the port's tests that
            // requests a property.
            let of_pin = format!("{}_property({id},", set_name.to_lowercase());
            let spellings = [name.clone(), rust_name, number, of_pin].map(Spelling::of);
            let row = [&code(&name)[..], &accesses(on_filter), &accesses(on_pin)];
            self.push_row(text, &row, &spellings);
        }
    }

    fn push_events(&self, text: &mut String) {
        text.push_str(
            "\n## Events and methods of kernel streaming\n\nEvents are those of the tables of a \
             miniport, for a filter, a pin or a node; the port has none of its own. Methods are \
             refused with `STATUS_INVALID_DEVICE_REQUEST`. A test names a control code by its \
             number, `0x002F_0007`, or in Rust.\n\n",
        );
        push_head(text, &["control code", "offered", "test"]);
        for code in [KsIoctl::EnableEvent, KsIoctl::DisableEvent, KsIoctl::Method] {
            let name = format!("`{code:?}`");
            let number = format!("0x{:04X}_{:04X}", code.value() >> 16, code.value() & 0xFFFF);
            let spellings = [format!("KsIoctl::{code:?}"), number].map(Spelling::of);
            let offered = if code == KsIoctl::Method { "refused" } else { "yes" };
            self.push_row(text, &[&name, offered], &spellings);
        }
    }

    fn push_requests(&self, text: &mut String) {
        text.push_str(
            "\n## Requests (IRPs)\n\nA `yes` is an entry that `PcInitializeAdapterDriver` puts \
             into the dispatch table of a driver. A `refused` request has no entry there: it ends \
             with `STATUS_INVALID_DEVICE_REQUEST` when the driver sets no entry of its own, and \
             `PcDispatchIrp` answers so, too. The page of `PcInitializeAdapterDriver` does not \
             list `IRP_MJ_CLEANUP`: this entry is the driver's alone, and PortCls cancels the \
             requests of a closed file without it. The minor functions of `IRP_MJ_PNP` and \
             `IRP_MJ_POWER` follow.\n\n",
        );
        push_head(text, &["request", "offered", "IRQL", "test"]);
        let driver = dispatch_table();
        for major in MajorFunction::ALL {
            let is_there = driver.major_function(major).is_some();
            let offered = match major {
                _ if is_there => "yes",
                // Source: WDK, PcInitializeAdapterDriver: the list of the entries that it sets does
                // not have IRP_MJ_CLEANUP.
                MajorFunction::Cleanup => "the driver's own",
                _ => "refused",
            };
            let irql =
                if is_there { self.irql_by_service("PcDispatchIrp") } else { "-".to_owned() };
            let in_rust = format!("MajorFunction::{major:?}");
            let parameters = format!("Parameters::{major:?}");
            let spellings = [major.name(), &in_rust, &parameters].map(Spelling::of);
            self.push_row(text, &[&code(major.name()), offered, &irql], &spellings);
        }
        let minors =
            PnpMinor::ALL.iter().map(|minor| (minor.name(), format!("PnpRequest::{minor:?}")));
        let actions = PowerAction::ALL.iter();
        let actions = actions.map(|action| (action.name(), format!("PowerAction::{action:?}")));
        let irql = self.irql_by_service("PcDispatchIrp");
        for (name, in_rust) in minors.chain(actions) {
            let spellings = [name, &in_rust].map(Spelling::of);
            self.push_row(text, &[&code(name), "yes", &irql], &spellings);
        }
    }

    fn push_row(&self, text: &mut String, cells: &[&str], spellings: &[Spelling]) {
        let test = self.tests.covering(spellings).unwrap_or("none");
        let _ = writeln!(text, "| {} | {test} |", cells.join(" | "));
    }
}

/// The driver object of an adapter driver that has replaced no entry.
fn dispatch_table() -> Rc<DriverObject> {
    let driver = DriverObject::new("adapter");
    let kernel = Kernel::new(KernelConfig::default());
    let add_device = Rc::new(|_: &Kernel, _: &_, _: &_| Ok(()));
    pc_initialize_adapter_driver(&kernel, &driver, "", add_device).expect("it cannot fail");
    driver
}

/// How a test can name a method. If several interfaces have a method of this name, the file of the
/// test must also name the interface.
fn spellings_of_method(name: &str) -> Vec<Spelling> {
    let Some((interface, method)) = name.split_once("::") else { return vec![Spelling::of(name)] };
    let of_port = interfaces().flat_map(|(_, methods)| methods).map(|method| method.name);
    let mut namesakes = of_port.chain(driver_methods()).filter_map(|name| name.split_once("::"));
    let is_shared = namesakes.any(|(other, name)| name == method && other != interface);
    let file_word = if is_shared { interface } else { "" };
    let in_file = |text| Spelling { text, file_word: file_word.to_owned() };
    let in_rust = in_file(format!(".{}(", snake_case(method)));
    vec![Spelling::of(name), in_rust, in_file(format!("\"{method}\""))]
}

/// The levels in the calls `require_irql_at_most(kernel, Irql::LEVEL, name)` of the sources, by the
/// name. A call counts if its name is a text, or a constant above the call.
fn limits(root: &Path) -> BTreeMap<String, String> {
    let mut limits = BTreeMap::new();
    for room in ["emulator", "guest", "port"] {
        for file in sources(&root.join(room).join("src")) {
            let text = std::fs::read_to_string(file).expect("a source file");
            for (at, call) in text.match_indices("require_irql_at_most(") {
                let arguments = text[at + call.len()..].split(");").next().unwrap_or_default();
                let level = arguments.split("Irql::").nth(1).and_then(|it| it.split(',').next());
                let last = arguments.rsplit(',').map(str::trim).find(|it| !it.is_empty());
                let name = last.and_then(|last| text_or_constant(&text[..at], last));
                if let (Some(level), Some(name)) = (level, name) {
                    limits.insert(name.to_owned(), level.to_owned());
                }
            }
        }
    }
    limits
}

/// The text of an argument: a literal, or the value of the constant with that name.
fn text_or_constant<'a>(above: &'a str, argument: &'a str) -> Option<&'a str> {
    let declaration = format!("const {argument}: &str = ");
    let literal = match argument.starts_with('"') {
        true => argument,
        false => above.rsplit_once(&declaration)?.1,
    };
    literal.split('"').nth(1)
}

fn covers(rule: &Rule, name: &str) -> bool {
    rule.routines.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *pattern,
    })
}

fn accesses(flags: Option<KsPropertyType>) -> String {
    let Some(flags) = flags else { return "not the port's".to_owned() };
    let words = [(KsPropertyType::GET, "GET"), (KsPropertyType::SET, "SET")];
    let words = words.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| *word);
    words.collect::<Vec<_>>().join(", ")
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

fn push_head(text: &mut String, columns: &[&str]) {
    let _ = writeln!(text, "| {} |", columns.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(columns.len()));
}
