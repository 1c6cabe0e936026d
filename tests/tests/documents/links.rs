//! Links: each leads to a file or a folder, and its anchor to a heading.

use crate::Fault;
use crate::page::Page;
use crate::repository::{Repository, folder_of, resolve};

/// The faults of the links of a document.
pub fn faults(repository: &Repository, name: &str, page: &Page) -> Vec<Fault> {
    let unexplained = page.unexplained.iter().map(|(line, reference)| {
        (*line, format!("a link to [{reference}], which the document does not explain"))
    });
    let dead = page.links.iter().filter_map(|(line, link)| {
        let what = fault_of(repository, name, page, link)?;
        Some((*line, format!("a link to {link}: {what}")))
    });
    unexplained.chain(dead).collect()
}

fn fault_of(repository: &Repository, name: &str, page: &Page, link: &str) -> Option<&'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, it)| (path, Some(it)));
    let target = if path.is_empty() {
        name.to_owned()
    } else {
        match resolve(folder_of(name), path) {
            Some(target) if !path.starts_with('/') && repository.has(&target) => target,
            _ => return Some("there is no such file"),
        }
    };
    let anchor = anchor?;
    // The repository need not have the document itself.
    let target = if target == name { Some(page) } else { repository.page(&target) };
    match target {
        Some(target) if target.anchors.contains(anchor) => None,
        Some(_) => Some("there is no such heading"),
        None => Some("only a document has headings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Fault> {
        let files = ["docs/rules.md", "src/lib.rs"];
        let other = [("docs/other.md", "# A heading, twice\n## A heading, twice\n")];
        faults(&Repository::with(&files, &other), "docs/page.md", &Page::parse(text))
    }

    #[test]
    fn good_links_are_no_fault() {
        let text = "# Own\n[a](rules.md) [b](../src/) [c](other.md#a-heading-twice-1) [d](#own)\n\
                    [e](https://example.org/none.md#x) [f][g] [plain] ![h](../src/lib.rs)\n\n\
                    [g]: rules.md\n";
        assert_eq!(found(text), []);
    }

    #[test]
    fn each_kind_of_dead_link_is_found() {
        for (text, line, what) in [
            ("[a](rule.md)", 1, "a link to rule.md: there is no such file"),
            ("\n\n![a](src/lib.rs)", 3, "a link to src/lib.rs: there is no such file"),
            ("[a](/docs/rules.md)", 1, "a link to /docs/rules.md: there is no such file"),
            ("[a](../../x.md)", 1, "a link to ../../x.md: there is no such file"),
            ("[a](other.md#none)", 1, "a link to other.md#none: there is no such heading"),
            ("# Own\n[a](#other)", 2, "a link to #other: there is no such heading"),
            (
                "[a](../src/lib.rs#L1)",
                1,
                "a link to ../src/lib.rs#L1: only a document has headings",
            ),
            ("[a][none]", 1, "a link to [none], which the document does not explain"),
        ] {
            assert_eq!(found(text), [(line, what.to_owned())], "{text}");
        }
    }
}
