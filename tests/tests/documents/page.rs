//! The parts of a document: its links, the anchors of its headings, its code.
//!
//! This file knows Markdown. It does not know what a link or a word of code means.

use std::collections::BTreeSet;
use std::iter;

use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// A document.
#[derive(Debug, Default)]
pub struct Page {
    /// The targets of the links and pictures of the document, each with its line.
    pub links: Vec<(usize, String)>,
    /// Names of links that the document uses without a definition, each with its line.
    pub unexplained: Vec<(usize, String)>,
    /// The words that a link to this document can have after a `#`.
    pub anchors: BTreeSet<String>,
    /// The code of the document, in order.
    pub codes: Vec<Code>,
}

/// A piece of code.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The first line of the code, from 1.
    pub line: usize,
    /// The number of the block that has the code: a paragraph, a row of a table, or another block.
    pub block: usize,
    /// The kind of the code.
    pub kind: CodeKind,
    /// The text of the code.
    pub text: String,
}

/// The kind of a piece of code.
#[derive(Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// In a sentence, between backticks.
    Span,
    /// In separate lines, for a shell.
    Shell,
    /// In separate lines, for anything else.
    Other,
}

impl Page {
    /// Reads a document.
    pub fn parse(text: &str) -> Page {
        let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
        let mut page = Page::default();
        let mut unexplained = Vec::new();
        let callback = |link: BrokenLink<'_>| {
            // One pair of brackets may be plain text. Two pairs in a row are a link.
            if matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
                unexplained.push((line_of(link.span.start), link.reference.to_string()));
            }
            None
        };
        let options = Options::ENABLE_TABLES;
        let parser = Parser::new_with_broken_link_callback(text, options, Some(callback));
        let mut block = 0;
        let mut heading: Option<String> = None;
        let mut lines: Option<(CodeKind, usize, String)> = None;
        for (event, range) in parser.into_offset_iter() {
            let line = line_of(range.start);
            match event {
                Event::Start(Tag::Heading { .. }) => {
                    heading = Some(String::new());
                    block += 1;
                }
                Event::End(TagEnd::Heading(_)) => {
                    page.add_anchor(&heading.take().unwrap_or_default())
                }
                Event::Start(Tag::Paragraph | Tag::Item | Tag::TableHead | Tag::TableRow) => {
                    block += 1;
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push((line, dest_url.to_string()));
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    block += 1;
                    lines = Some((CodeKind::of(&kind), line + 1, String::new()));
                }
                Event::End(TagEnd::CodeBlock) => {
                    if let Some((kind, line, text)) = lines.take() {
                        page.codes.push(Code { line, block, kind, text });
                    }
                }
                Event::Text(words) => {
                    let to = lines.as_mut().map(|(_, _, text)| text).or(heading.as_mut());
                    to.into_iter().for_each(|text| text.push_str(&words));
                }
                Event::Code(words) => {
                    heading.iter_mut().for_each(|heading| heading.push_str(&words));
                    let text = words.to_string();
                    page.codes.push(Code { line, block, kind: CodeKind::Span, text });
                }
                _ => {}
            }
        }
        page.unexplained = unexplained;
        page
    }

    /// Adds the anchor of a heading, made like GitHub's: letters, digits, `-` and `_` in lower
    /// case, a `-` for each space, and a number if the document already has the same anchor.
    fn add_anchor(&mut self, heading: &str) {
        let letters = heading.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        });
        let name = letters.collect::<String>().to_lowercase();
        let numbered = (1..).map(|number| format!("{name}-{number}"));
        let mut candidates = iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|anchor| !self.anchors.contains(anchor));
        self.anchors.extend(free);
    }
}

impl CodeKind {
    fn of(kind: &CodeBlockKind<'_>) -> CodeKind {
        match kind {
            CodeBlockKind::Fenced(language) if &**language == "sh" => CodeKind::Shell,
            _ => CodeKind::Other,
        }
    }
}

impl Code {
    /// The words of the code, each with its line, without quotes and punctuation around them. In
    /// code for a shell, comments after `#` are left out.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().flat_map(move |(number, line)| {
            let is_shell = self.kind == CodeKind::Shell;
            let end = if is_shell { line.find("# ").unwrap_or(line.len()) } else { line.len() };
            let bare = |word| str::trim_matches(word, ['"', '\'', ',', ';', ':', '(', ')']);
            line[..end].split_whitespace().map(move |word| (self.line + number, bare(word)))
        })
    }
}

/// True for a word in capitals, such as `NAME` and `TEST_NAME`. Such a word means any name.
pub fn is_placeholder(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|letter| letter.is_ascii_uppercase() || letter == b'_')
}

#[test]
fn a_page_has_links_anchors_and_code_with_their_lines() {
    let page = Page::parse(
        "# The `rules.rs`, and more!\n\n## Twice\n## Twice\n\n[a](b.md#c) and `d e`\n\
         ![p](p.png)\n\n```sh\ncargo f # g\n```\n\n| h | `i` |\n|---|---|\n| `j` | [k][l] |\n",
    );
    let anchors: Vec<&str> = page.anchors.iter().map(String::as_str).collect();
    assert_eq!(anchors, ["the-rulesrs-and-more", "twice", "twice-1"]);
    assert_eq!(page.links, [(6, "b.md#c".to_owned()), (7, "p.png".to_owned())]);
    assert_eq!(page.unexplained, [(15, "l".to_owned())]);
    let codes: Vec<(usize, &str)> =
        page.codes.iter().map(|code| (code.line, code.text.as_str())).collect();
    let expected = [(1, "rules.rs"), (6, "d e"), (10, "cargo f # g\n"), (13, "i"), (15, "j")];
    assert_eq!(codes, expected);
    let words: Vec<(usize, &str)> = page.codes[2].words().collect();
    assert_eq!(words, [(10, "cargo"), (10, "f")]);
}
