//! The sections that AddReg names: what they put into the registry.
//!
//! Source: WDK, "INF AddReg directive"; setupapi.h for the flags.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Fault, Place, short};
use crate::lines::Line;
use crate::{RegistryEntry, Root, Unused, Value};

/// FLG_ADDREG_BINVALUETYPE: the value is given as bytes, or as a number.
const BYTES: u32 = 0x1;
/// FLG_ADDREG_NOCLOBBER: a value that exists already stays as it is.
const NO_CLOBBER: u32 = 0x2;
/// FLG_ADDREG_DELVAL: the line deletes the value, or the whole key.
const DELETE: u32 = 0x4;
/// FLG_ADDREG_APPEND: texts are added to a list of texts.
const APPEND: u32 = 0x8;
/// FLG_ADDREG_KEYONLY and FLG_ADDREG_KEYONLY_COMMON: only the key is made.
const KEY_ONLY: u32 = 0x10 | 0x2000;
/// FLG_ADDREG_OVERWRITEONLY: the line changes a value that exists, and makes no new value.
const OVERWRITE_ONLY: u32 = 0x20;
/// FLG_ADDREG_64BITKEY and FLG_ADDREG_32BITKEY: the value goes into the registry for 64-bit or for
/// 32-bit programs. Here both are the same registry.
const HALF: u32 = 0x1000 | 0x4000;

/// The most keys and values that a file may make. Assumed: an installation makes some dozens.
const MOST_ENTRIES: usize = 10_000;

/// The longest value in bytes. Source: public documentation of registry limits, 1 MiB.
const LONGEST_VALUE: usize = 1 << 20;

/// The most texts in a list to which a line adds texts.
const MOST_TEXTS: usize = 1_000;

/// The null in UTF-16 that ends each text of a list, and the list.
const END: [u8; 2] = [0, 0];

const SZ: u32 = 1;
const EXPAND_SZ: u32 = 2;
const BINARY: u32 = 3;
const DWORD: u32 = 4;
const MULTI_SZ: u32 = 7;

/// The form in which the value of a line is given.
#[derive(Clone, Copy)]
enum Form {
    Text(u32),
    Texts,
    Number,
    Bytes(u32),
    None,
}

/// The form that the flags ask for; `None` for flags that name no type of value.
fn form(flags: u32) -> Option<Form> {
    Some(match (flags >> 16, flags & BYTES != 0) {
        (0, false) => Form::Text(SZ),
        (0, true) => Form::Bytes(BINARY),
        (1, false) => Form::Texts,
        (1, true) => Form::Number,
        (2, false) => Form::Text(EXPAND_SZ),
        (2, true) => Form::None,
        // Source: WDK: with FLG_ADDREG_BINVALUETYPE the high word is the number of the type.
        (kind, true) => Form::Bytes(kind),
        (_, false) => return None,
    })
}

/// The keys and values of all sections, each once.
#[derive(Default)]
pub(crate) struct Registry {
    entries: Vec<Option<RegistryEntry>>,
    /// The index of each entry by its root, its path and its name. Path and name are in lower case.
    /// A key alone has no name.
    known: BTreeMap<(Root, String, Option<String>), usize>,
    /// The texts of each list to which a line has added texts, by the index of the list's entry. So
    /// the next line that adds texts to the list does not read the whole list again.
    lists: BTreeMap<usize, BTreeSet<Vec<u8>>>,
}

impl Registry {
    /// The entries that no line deleted, in the order in which they came first.
    pub fn entries(self) -> Vec<RegistryEntry> {
        self.entries.into_iter().flatten().collect()
    }

    /// Does what a line of a section says: adds, changes or deletes an entry. `own` is the root
    /// that HKR means in that section. `service` is the name of the driver's service. `unused` gets
    /// what the registry here cannot do.
    pub fn add(
        &mut self,
        line: &Line,
        own: Root,
        service: Option<&str>,
        unused: &mut Vec<Unused>,
    ) -> Result<(), Fault> {
        let mut told = |what: &str| {
            unused.push(Unused { line: line.place.line, what: what.to_owned() });
        };
        if let Some(key) = &line.key {
            let hint = "write HKR,path,name,flags,value";
            return Err(Fault::new(key.place, "this is no line of AddReg", hint));
        }
        if self.entries.len() >= MOST_ENTRIES {
            let what = format!(
                "the file makes too many registry keys and values; the limit is {MOST_ENTRIES}"
            );
            return Err(Fault::new(line.place, what, "give the INF of one driver"));
        }
        let Some((root, subkey)) = place(line, own, service)? else {
            told(&format!("{}, which has no key here", short(line.value(0))));
            return Ok(());
        };
        let name = line.value(2).to_owned();
        let flags = flags(line)?;
        let known = (root, subkey.to_lowercase(), Some(name.to_lowercase()));
        let place = self.known.get(&known).copied();
        let is_there = place.is_some_and(|place| self.entries[place].is_some());
        if flags & DELETE != 0 {
            match place {
                Some(place) if flags & !HALF == DELETE => self.entries[place] = None,
                _ => told("a value that is deleted"),
            }
            return Ok(());
        }
        let has_value = line.values.len() > 2 && !(name.is_empty() && line.values.len() < 5);
        if flags & KEY_ONLY != 0 || !has_value {
            let known = (root, subkey.to_lowercase(), None);
            self.put(known, RegistryEntry { root, subkey, value: None });
            return Ok(());
        }
        if flags & OVERWRITE_ONLY != 0 && !is_there {
            told(&format!("{}, which would only be written over", short(&name)));
            return Ok(());
        }
        if flags & NO_CLOBBER != 0 && is_there {
            return Ok(());
        }
        let form = form(flags).ok_or_else(|| {
            let what = format!("there is no type of value for the flags {flags:#x}");
            Fault::new(line.place_of(3), what, "write 0 for a text, 0x10001 for a number")
        })?;
        let (kind, data) = data(line, form)?;
        if flags & APPEND != 0 && kind == MULTI_SZ {
            let old = place.and_then(|place| Some((place, self.entries[place].as_mut()?)));
            if let Some((place, Some(list))) = old.map(|(place, old)| (place, old.value.as_mut())) {
                return append(list, self.lists.entry(place), &data, line);
            }
        }
        require_length(&data, line)?;
        let value = Value { name, kind, data };
        self.put(known, RegistryEntry { root, subkey, value: Some(value) });
        Ok(())
    }

    fn put(&mut self, known: (Root, String, Option<String>), entry: RegistryEntry) {
        let index = *self.known.entry(known).or_insert(self.entries.len());
        self.lists.remove(&index);
        match self.entries.get_mut(index) {
            Some(old) => *old = Some(entry),
            None => self.entries.push(Some(entry)),
        }
    }
}

/// The root and the path that a line names; `None` for a root that has no key here.
fn place(line: &Line, own: Root, service: Option<&str>) -> Result<Option<(Root, String)>, Fault> {
    let path = line.value(1).trim_matches('\\').to_owned();
    match &*line.value(0).to_ascii_uppercase() {
        "HKR" => Ok(Some((own, path))),
        "HKLM" | "HKEY_LOCAL_MACHINE" => {
            let of_service = service.and_then(|service| {
                let services = format!(r"System\CurrentControlSet\Services\{service}");
                let head = path.get(..services.len())?;
                let rest = &path[services.len()..];
                let is_whole = rest.is_empty() || rest.starts_with('\\');
                (head.eq_ignore_ascii_case(&services) && is_whole)
                    .then(|| rest.trim_start_matches('\\').to_owned())
            });
            Ok(Some(match of_service {
                Some(rest) => (Root::Service, rest),
                None => (Root::Machine, path),
            }))
        }
        "HKCR" | "HKCU" | "HKU" | "HKEY_CLASSES_ROOT" | "HKEY_CURRENT_USER" | "HKEY_USERS" => {
            Ok(None)
        }
        root => {
            let what = format!("there is no registry root {}", short(root));
            let hint = "write HKR for the driver's key, HKLM, HKCR, HKCU or HKU";
            Err(Fault::new(line.place_of(0), what, hint))
        }
    }
}

fn flags(line: &Line) -> Result<u32, Fault> {
    let text = line.value(3);
    if text.is_empty() {
        return Ok(0);
    }
    number(text).ok_or_else(|| {
        let what = format!("the flags {} are no number", short(text));
        Fault::new(line.place_of(3), what, "write 0 for a text, 0x10001 for a number")
    })
}

/// A number: decimal, perhaps negative, or hexadecimal with 0x.
pub(crate) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => text.parse().ok().or_else(|| text.parse::<i32>().ok().map(|number| number as u32)),
    }
}

/// The type and the bytes of a line's value.
fn data(line: &Line, form: Form) -> Result<(u32, Vec<u8>), Fault> {
    let values = line.values.get(4..).unwrap_or(&[]);
    Ok(match form {
        Form::Text(kind) => {
            if let Some(second) = values.get(1) {
                let hint = "put quotes around the text, or write the flags 0x10000 for several";
                return Err(Fault::new(second.place, "a text has a comma in it", hint));
            }
            (kind, utf16(line.value(4)))
        }
        Form::Texts => {
            let texts = values.iter().filter(|field| !field.text.is_empty());
            let mut bytes: Vec<u8> = texts.flat_map(|field| utf16(&field.text)).collect();
            bytes.extend([0, 0]);
            (MULTI_SZ, bytes)
        }
        Form::Number => {
            let value = match values {
                [_, _, _, _] => {
                    let four = bytes(line)?;
                    u32::from_le_bytes([four[0], four[1], four[2], four[3]])
                }
                _ => number(line.value(4)).filter(|_| values.len() == 1).ok_or_else(|| {
                    let what = format!("{} is no number", short(line.value(4)));
                    let hint = "write a number up to 4294967295, with 0x in hexadecimal";
                    Fault::new(line.place_of(4), what, hint)
                })?,
            };
            (DWORD, value.to_le_bytes().to_vec())
        }
        Form::Bytes(kind) => (kind, bytes(line)?),
        Form::None => (0, bytes(line)?),
    })
}

/// Bytes in hexadecimal, with 0x or without.
fn bytes(line: &Line) -> Result<Vec<u8>, Fault> {
    let values = line.values.get(4..).unwrap_or(&[]);
    let values = match values {
        [only] if only.text.is_empty() => &[],
        values => values,
    };
    let byte = |text: &str, place: Place| {
        let digits = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = is_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten();
        value.ok_or_else(|| {
            let what = format!("{} is no byte", short(text));
            Fault::new(place, what, "write bytes in hexadecimal with commas, as in 0A,1B")
        })
    };
    values.iter().map(|field| byte(&field.text, field.place)).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Adds to `list` those texts of `new` that the list does not have yet. `known` keeps the texts of
/// the list, from the first line on that adds texts to the list.
fn append(
    list: &mut Value,
    known: Entry<'_, usize, BTreeSet<Vec<u8>>>,
    new: &[u8],
    line: &Line,
) -> Result<(), Fault> {
    let known = known.or_insert_with(|| {
        let old = texts(&list.data);
        list.kind = MULTI_SZ;
        list.data = old.iter().flat_map(|text| [text, &END[..]].concat()).chain(END).collect();
        old.into_iter().collect()
    });
    list.data.truncate(list.data.len() - END.len());
    for text in texts(new) {
        let bytes = [&text, &END[..]].concat();
        if known.insert(text) {
            list.data.extend(bytes);
        }
        if known.len() > MOST_TEXTS {
            let what = format!("the list has more than {MOST_TEXTS} texts");
            return Err(Fault::new(line.place, what, "leave some out"));
        }
    }
    list.data.extend(END);
    require_length(&list.data, line)
}

/// The texts of a list, each without the null at its end.
fn texts(bytes: &[u8]) -> Vec<Vec<u8>> {
    let units: Vec<[u8; 2]> = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    let parts = units.split(|unit| *unit == END).filter(|part| !part.is_empty());
    parts.map(<[[u8; 2]]>::concat).collect()
}

fn require_length(data: &[u8], line: &Line) -> Result<(), Fault> {
    if data.len() > LONGEST_VALUE {
        let what = format!("the value is longer than {LONGEST_VALUE} bytes");
        return Err(Fault::new(line.place, what, "make it shorter"));
    }
    Ok(())
}
