//! Manufacturers and models, and the sections for one processor.

use crate::Architecture;
use crate::error::{Fault, Place, short};
use crate::lines::{Field, Inf};

/// A model of the file.
#[derive(Debug)]
pub(crate) struct Model {
    pub description: String,
    /// The name of the install section, without the ending for a processor.
    pub install: String,
    /// Hardware identifiers and compatible ones.
    pub identifiers: Vec<String>,
    pub place: Place,
}

/// The version of the newest Windows. Sections for a later version do not count. Assumed: a driver
/// is tried on the newest Windows.
const WINDOWS: (u32, u32) = (10, 0);

/// The most manufacturers of a file. Manufacturers that share a section of models count once.
const MOST_MANUFACTURERS: usize = 1_000;

/// The models for a processor, and the sections that lead to them: `Manufacturer` and the sections
/// of models.
pub(crate) fn models(
    inf: &Inf,
    architecture: Architecture,
) -> Result<(Vec<Model>, Vec<usize>), Fault> {
    let Some(manufacturers) = inf.find("Manufacturer") else {
        let hint = "give the INF that installs the driver; it names its models there";
        return Err(Fault::new(Place::START, "there is no section [Manufacturer]", hint));
    };
    let mut models = Vec::new();
    let mut sections = vec![manufacturers];
    for line in &inf.sections[manufacturers].lines {
        if sections.len() > MOST_MANUFACTURERS {
            let what = format!("there are more than {MOST_MANUFACTURERS} manufacturers");
            return Err(Fault::new(line.place, what, "give the INF of one driver"));
        }
        let Some(name) = line.values.first().filter(|name| !name.text.is_empty()) else { continue };
        let endings = line.values[1..].iter().map(|ending| &*ending.text);
        let best =
            endings.filter_map(|ending| rank(ending, architecture).map(|rank| (rank, ending)));
        let section = match best.max() {
            Some((_, ending)) => needed(inf, &format!("{}.{ending}", name.text), name.place)?,
            None => match inf.find(&name.text) {
                Some(section) => section,
                // The manufacturer has models only for other processors or for a newer Windows.
                None if line.values.len() > 1 => continue,
                None => needed(inf, &name.text, name.place)?,
            },
        };
        if sections.contains(&section) {
            continue;
        }
        sections.push(section);
        for line in &inf.sections[section].lines {
            let install = line.value(0);
            let (Some(key), false) = (&line.key, install.is_empty()) else {
                let hint = "write description = install-section, hardware-id";
                return Err(Fault::new(line.place, "this is no model", hint));
            };
            models.push(Model {
                description: key.text.clone(),
                install: install.to_owned(),
                identifiers: line.values[1..].iter().map(|field| field.text.clone()).collect(),
                place: line.place_of(0),
            });
        }
    }
    Ok((models, sections))
}

/// The index of a section that must be there. `place` is the place of the error if it is not there.
pub(crate) fn needed(inf: &Inf, name: &str, place: Place) -> Result<usize, Fault> {
    inf.find(name).ok_or_else(|| {
        let what = format!("there is no section [{}]", short(name));
        Fault::new(place, what, "mend the name, or write the section")
    })
}

/// The model that `wanted` names; without a name, the first model.
pub(crate) fn choose<'m>(
    models: &'m [Model],
    wanted: Option<&str>,
    architecture: Architecture,
) -> Result<&'m Model, Fault> {
    let Some(first) = models.first() else {
        let what = match architecture {
            Architecture::X64 => "the file has no model for x64",
            Architecture::X86 => "the file has no model for x86",
        };
        let hint = "give the INF of this driver, or write its models";
        return Err(Fault::new(Place::START, what, hint));
    };
    let Some(wanted) = wanted else { return Ok(first) };
    let is = |text: &str| text.eq_ignore_ascii_case(wanted);
    let names = |model: &&Model| {
        is(&model.description)
            || is(&model.install)
            || model.identifiers.iter().any(|identifier| is(identifier))
    };
    models.iter().find(names).ok_or_else(|| {
        const SHOWN: usize = 8;
        let known: Vec<String> =
            models.iter().take(SHOWN).map(|model| short(&model.description)).collect();
        let more = if models.len() > SHOWN { " and others" } else { "" };
        let what = format!("there is no model {}", short(wanted));
        let hint = format!("the models are {}{more}", known.join(", "));
        Fault::new(first.place, what, hint)
    })
}

/// The section for the processor. The name of the section begins with `base` and ends with
/// `suffix`. An ending such as .NTamd64 may stand between the two. The ending that fits best wins.
pub(crate) fn best_section(
    inf: &Inf,
    base: &str,
    suffix: &str,
    architecture: Architecture,
) -> Option<usize> {
    let rank_of = |name: &str| {
        let name = name.to_ascii_lowercase();
        let middle = name.strip_prefix(&base.to_ascii_lowercase())?;
        let middle = middle.strip_suffix(&suffix.to_ascii_lowercase())?;
        match middle.strip_prefix('.') {
            Some(ending) => rank(ending, architecture),
            None => middle.is_empty().then_some(Rank::default()),
        }
    };
    let sections = inf.sections.iter().enumerate();
    let fitting = sections.filter_map(|(index, one)| Some((rank_of(&one.name)?, index)));
    fitting.max().map(|(_, index)| index)
}

/// How well an ending fits. A newer Windows counts first, then a named processor. An ending for any
/// NT is better than no ending.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
struct Rank {
    version: (u32, u32),
    names_processor: bool,
    is_nt: bool,
}

/// The rank of an ending such as `NTamd64.6.1`; `None` for an ending of another processor or of a
/// Windows that is newer than [`WINDOWS`], and for a text that is no ending.
fn rank(ending: &str, architecture: Architecture) -> Option<Rank> {
    let ending = ending.to_ascii_lowercase();
    let mut parts = ending.strip_prefix("nt")?.split('.');
    let processor = parts.next().unwrap_or("");
    let own = match architecture {
        Architecture::X86 => "x86",
        Architecture::X64 => "amd64",
    };
    if !processor.is_empty() && processor != own {
        return None;
    }
    let mut number = || match parts.next() {
        None | Some("") => Some(0),
        Some(digits) => digits.parse().ok(),
    };
    let version = (number()?, number()?);
    let is_old_enough = version <= WINDOWS;
    is_old_enough.then_some(Rank { version, names_processor: !processor.is_empty(), is_nt: true })
}

/// The names of sections in the values of a directive.
pub(crate) fn section_names(values: &[Field]) -> impl Iterator<Item = &Field> {
    values.iter().filter(|field| !field.text.is_empty())
}
