//! Every function and line that the crate pdb2 reads, compared with ours.

use std::io::Cursor;

use pdb2::{
    AddressMap, FallibleIterator, InlineSiteSymbol, Inlinee, LineInfo, LineProgram, ModuleInfo,
    PDB, PdbInternalSectionOffset, StringTable, SymbolData,
};

use crate::{lines_at, loaded, pdb};

/// The facts that the judge reports about a module.
#[derive(Default)]
struct Told {
    /// The first address and the name of each function.
    functions: Vec<(u32, String)>,
    /// For each line: the depth in inlined functions, the address, and `file.cpp:12`.
    lines: Vec<(usize, u32, String)>,
}

/// The tables that the judge needs to read a module.
struct Judge<'a> {
    addresses: AddressMap<'a>,
    names: StringTable<'a>,
}

impl Judge<'_> {
    fn address(&self, offset: PdbInternalSectionOffset) -> u32 {
        offset.to_rva(&self.addresses).expect("an address").0
    }

    fn line(&self, program: &LineProgram<'_>, line: &LineInfo) -> Option<(u32, String)> {
        let is_told = line.line_start != 0 && line.length != Some(0);
        let file = program.get_file_info(line.file_index).expect("a file");
        let file = file.name.to_string_lossy(&self.names).expect("a name").into_owned();
        let file = file.rsplit('/').next().expect("a part").to_owned();
        is_told.then(|| (self.address(line.offset), format!("{file}:{}", line.line_start)))
    }

    fn module(&self, module: &ModuleInfo<'_>) -> Told {
        let program = module.line_program().expect("lines");
        let inlinees = module.inlinees().expect("inlinees").collect::<Vec<_>>().expect("inlinees");
        let mut told = Told::default();
        let mut parents = Vec::new();
        let mut function = None;
        let mut symbols = module.symbols().expect("symbols");
        while let Some(symbol) = symbols.next().expect("a symbol") {
            match symbol.parse() {
                Ok(SymbolData::Procedure(it)) => {
                    told.functions.push((self.address(it.offset), it.name.to_string().into()));
                    let lines = program.lines_for_symbol(it.offset).collect::<Vec<_>>();
                    for line in lines.expect("lines") {
                        told.add(0, self.line(&program, &line));
                    }
                    function = Some(it.offset);
                    parents.clear();
                }
                Ok(SymbolData::InlineSite(site)) => {
                    let parent = site.parent.expect("a parent");
                    let depth = parents.iter().position(|&it| it == parent).map_or(1, |at| at + 2);
                    parents.truncate(depth - 1);
                    parents.push(symbol.index());
                    let function = function.expect("a function around it");
                    for line in inlined(&inlinees, function, &site) {
                        told.add(depth, self.line(&program, &line));
                    }
                }
                _ => {}
            }
        }
        told
    }
}

impl Told {
    fn add(&mut self, depth: usize, line: Option<(u32, String)>) {
        self.lines.extend(line.map(|(rva, text)| (depth, rva, text)));
    }
}

fn inlined(
    inlinees: &[Inlinee<'_>],
    function: PdbInternalSectionOffset,
    site: &InlineSiteSymbol<'_>,
) -> Vec<LineInfo> {
    let inlinee = inlinees.iter().find(|it| it.index() == site.inlinee).expect("an inlinee");
    inlinee.lines(function, site).collect().expect("lines")
}

#[test]
fn every_function_and_line_is_the_one_that_another_reader_tells() {
    let (image, symbols) = loaded();
    let mut file = PDB::open(Cursor::new(pdb())).expect("a good PDB");
    let addresses = file.address_map().expect("sections");
    let judge = Judge { addresses, names: file.string_table().expect("names") };
    let debug = file.debug_information().expect("debug information");
    let modules = debug.modules().expect("modules").collect::<Vec<_>>().expect("modules");
    let (mut functions, mut lines, mut inlined) = (0, 0, 0);
    for module in modules {
        let Some(module) = file.module_info(&module).expect("a module's stream") else { continue };
        let told = judge.module(&module);
        for (rva, name) in &told.functions {
            let ours = symbols.place(&image, *rva).function.expect("a name");
            assert_eq!(ours.offset, 0, "{name}");
            // clang gives thunks their decorated names, and pdb2 does not undecorate these names.
            assert_eq!(ours.name != *name, name.starts_with('?'), "{} {name}", ours.name);
        }
        for (depth, rva, text) in &told.lines {
            let ours = lines_at(&image, &symbols, *rva);
            assert_eq!(ours.get(*depth), Some(text), "{rva:X} {ours:?}");
            inlined += usize::from(*depth > 0);
        }
        functions += told.functions.len();
        lines += told.lines.len();
    }
    assert!(functions > 50 && lines > 800 && inlined > 300, "{functions} {lines} {inlined}");
}
