//! Follows the install section of a model to all that it names.

use std::collections::BTreeSet;

use crate::add_reg::{Registry, number};
use crate::error::{Fault, Place, short};
use crate::lines::{Inf, Line};
use crate::log_config;
use crate::models::{Model, best_section, choose, models, needed, section_names};
use crate::strings::is_strings;
use crate::{Architecture, Configuration, Installation, Root, Unused};

/// SPSVCINST_ASSOCSERVICE: the service is the driver of the device.
const ASSOCIATED: u32 = 2;

/// The longest chain of `Needs` directives. Each names the section in which the next one stands.
const DEEPEST: usize = 16;

/// What the reader has found so far.
struct Walk<'a> {
    inf: &'a Inf,
    architecture: Architecture,
    registry: Registry,
    configurations: Vec<Configuration>,
    unused: Vec<Unused>,
    /// The sections that were read.
    read: BTreeSet<usize>,
    /// The sections whose directives or values were taken, each with the root that HKR meant
    /// there. No section is taken twice with the same root.
    taken: BTreeSet<(usize, Root)>,
}

/// Reads what the installation of the chosen model does.
pub(crate) fn install(
    inf: &Inf,
    unknown: Vec<Unused>,
    wanted: Option<&str>,
    architecture: Architecture,
) -> Result<Installation, Fault> {
    if inf.find("Version").is_none() {
        let hint = "give a driver's INF; it begins with [Version]";
        return Err(Fault::new(Place::START, "there is no section [Version]", hint));
    }
    let (models, sections) = models(inf, architecture)?;
    let model = choose(&models, wanted, architecture)?;
    let mut walk = Walk {
        inf,
        architecture,
        registry: Registry::default(),
        configurations: Vec::new(),
        unused: unknown,
        read: sections.into_iter().chain(inf.find("Version")).collect(),
        taken: BTreeSet::new(),
    };
    walk.model(model)?;
    let Walk { registry, configurations, mut unused, read, .. } = walk;
    let others = inf.sections.iter().enumerate().filter(|(index, section)| {
        !read.contains(index) && !is_strings(&section.name) && !section.lines.is_empty()
    });
    unused.extend(others.map(|(_, section)| Unused {
        line: section.place.line,
        what: format!("[{}]", short(&section.name)),
    }));
    unused.sort();
    unused.dedup();
    Ok(Installation {
        description: model.description.clone(),
        model_count: models.len(),
        values: registry.entries(),
        configurations,
        unused,
    })
}

impl Walk<'_> {
    fn model(&mut self, model: &Model) -> Result<(), Fault> {
        let base = &model.install;
        let Some(section) = best_section(self.inf, base, "", self.architecture) else {
            needed(self.inf, base, model.place)?;
            return Ok(());
        };
        // Source: WDK: the name of a section that belongs to an install section begins with the
        // whole name of the install section, with its ending for the processor. If there is no such
        // section, the reader takes a section with the base name and the best ending.
        let full = self.inf.sections[section].name.clone();
        let belonging = |suffix: &str| {
            let own = self.inf.find(&format!("{full}{suffix}"));
            own.or_else(|| best_section(self.inf, base, suffix, self.architecture))
        };
        let (services, hardware) = (belonging(".Services"), belonging(".HW"));
        let (overrides, factory) = (belonging(".LogConfigOverride"), belonging(".FactDef"));
        let service = services.map(|section| self.services(section)).transpose()?.flatten();
        let service = service.as_deref();
        // Source: WDK: an override replaces the resources that the device itself reports. So its
        // configurations come first.
        if let Some(section) = overrides {
            self.section(section, Root::Driver, service, 0)?;
        }
        self.section(section, Root::Driver, service, 0)?;
        if let Some(section) = hardware {
            self.section(section, Root::Device, service, 0)?;
        }
        if let (Some(section), true) = (factory, self.configurations.is_empty()) {
            self.configuration(section)?;
        }
        Ok(())
    }

    /// Reads the services of the model, and returns the name of the driver's service.
    fn services(&mut self, section: usize) -> Result<Option<String>, Fault> {
        let inf = self.inf;
        self.read.insert(section);
        let mut found: Option<(&str, &Line)> = None;
        for line in &inf.sections[section].lines {
            if !line.is("AddService") {
                self.tell(line, section);
                continue;
            }
            let is_driver = number(line.value(1)).is_some_and(|flags| flags & ASSOCIATED != 0);
            let other = if is_driver { found.replace((line.value(0), line)) } else { None };
            match (is_driver, other) {
                (false, _) => self.tell(line, section),
                (true, Some((_, other))) => self.tell(other, section),
                (true, None) => {}
            }
        }
        let Some((name, line)) = found else { return Ok(None) };
        if !line.value(2).is_empty() {
            let install = needed(inf, line.value(2), line.place_of(2))?;
            self.section(install, Root::Service, Some(name), 0)?;
        }
        Ok(Some(name.to_owned()))
    }

    /// Follows the directives of a section. `own` is the root that HKR means in the sections that
    /// AddReg names there.
    fn section(
        &mut self,
        section: usize,
        own: Root,
        service: Option<&str>,
        depth: usize,
    ) -> Result<(), Fault> {
        let inf = self.inf;
        self.read.insert(section);
        if !self.taken.insert((section, own)) {
            return Ok(());
        }
        for line in &inf.sections[section].lines {
            if line.is("AddReg") {
                for name in section_names(&line.values) {
                    let values = needed(inf, &name.text, name.place)?;
                    self.read.insert(values);
                    if !self.taken.insert((values, own)) {
                        continue;
                    }
                    for line in &inf.sections[values].lines {
                        self.registry.add(line, own, service, &mut self.unused)?;
                    }
                }
            } else if line.is("LogConfig") {
                for name in section_names(&line.values) {
                    let section = needed(inf, &name.text, name.place)?;
                    self.configuration(section)?;
                }
            } else if line.is("Needs") {
                for name in section_names(&line.values) {
                    match inf.find(&name.text) {
                        Some(_) if depth == DEEPEST => {
                            let what = "sections need each other without an end";
                            let hint = "leave one of the directives Needs out";
                            return Err(Fault::new(name.place, what, hint));
                        }
                        Some(needed) => {
                            self.section(needed, own, service, depth + 1)?;
                        }
                        None => self.unused.push(Unused {
                            line: name.place.line,
                            what: format!("Needs {}, a section of another file", short(&name.text)),
                        }),
                    }
                }
            } else {
                self.tell(line, section);
            }
        }
        Ok(())
    }

    fn configuration(&mut self, section: usize) -> Result<(), Fault> {
        let inf = self.inf;
        if !self.read.insert(section) {
            return Ok(());
        }
        let mut resources = Vec::new();
        for line in &inf.sections[section].lines {
            match log_config::read_line(line)? {
                Some(resource) => resources.push(resource),
                // ConfigPriority says how Windows ranks the section. This directive has no effect
                // here: the machine takes the first section with resources that suit the card.
                None if line.is("ConfigPriority") => {}
                None => self.tell(line, section),
            }
        }
        let section = inf.sections[section].name.clone();
        self.configurations.push(Configuration { section, resources });
        Ok(())
    }

    /// Notes a line that has no effect here.
    fn tell(&mut self, line: &Line, section: usize) {
        let word = line.key.as_ref().map_or(line.value(0), |key| &key.text);
        let section = short(&self.inf.sections[section].name);
        let what = format!("{} in [{section}]", short(word));
        self.unused.push(Unused { line: line.place.line, what });
    }
}
