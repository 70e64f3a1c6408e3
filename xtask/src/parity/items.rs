//! Our public items: what the lists of public interfaces have, and the files of this repository.

use std::collections::BTreeSet;
use std::path::Path;

/// The items that a document may name.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Full paths, such as `identity_base::TokenCredential::get_token`.
    public: BTreeSet<String>,
}

impl Items {
    /// Adds the items of a list that `cargo xtask api` wrote.
    pub(super) fn add(&mut self, list: &str) {
        self.public.extend(list.lines().filter_map(path));
    }

    /// Whether there is such an item: a path or its end (`Type`, `Type::method`), or a file below `root`.
    pub(super) fn has(&self, item: &str, root: &Path) -> bool {
        if item.contains('/') {
            return !item.contains("..") && root.join(item).is_file();
        }
        let end = format!("::{item}");
        !item.is_empty()
            && self
                .public
                .iter()
                .any(|path| path == item || path.ends_with(&end))
    }
}

/// The path of the item that a line of a list tells of, without its parameters. `None` for implementations and comments.
fn path(line: &str) -> Option<String> {
    let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
    let rest = line.strip_prefix("pub ")?;
    let mut words = rest.split(' ');
    // The kind of item, with what may stand before it.
    let name = words.find(|word| {
        !matches!(
            *word,
            "async"
                | "const"
                | "enum"
                | "field"
                | "fn"
                | "macro"
                | "mod"
                | "struct"
                | "trait"
                | "type"
                | "use"
                | "variant"
        )
    })?;
    let mut path = String::new();
    let mut depth = 0_usize;
    for c in name.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if c.is_ascii_alphanumeric() || "_:".contains(c) => path.push(c),
            _ => break,
        }
    }
    let path = path.trim_end_matches(':');
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
# Public interface of identity-base, all features.
pub mod identity_base
#[non_exhaustive] pub enum identity_base::ErrorKind
impl Clone for ErrorKind
pub variant identity_base::ErrorKind::Closed
pub trait identity_base::TokenCredential: std::fmt::Debug + Send + Sync
pub fn identity_base::TokenCredential::get_token(&self, scopes: &[&str]) -> TokenFuture<'_>
pub async fn identity_base::scoped<C: TokenCredential, T>(credential: C) -> T
pub const fn identity_base::Fetched::refresh_in(self, refresh_in: std::time::Duration) -> Self
pub struct identity_base::CloseFuture<'a>(_)
pub fn identity_base::Cached<F>::name(&self) -> &str
pub field identity_base::Now::wall: i64
pub type identity_base::BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future>>
pub use entra_identity::Cached = identity_runtime::Cached
";

    #[test]
    fn items_of_every_kind_are_found_by_path_or_its_end() {
        let mut items = Items::default();
        items.add(LIST);
        for item in [
            "identity_base::TokenCredential",
            "TokenCredential::get_token",
            "ErrorKind::Closed",
            "scoped",
            "Fetched::refresh_in",
            "CloseFuture",
            "Cached::name",
            "Now::wall",
            "BoxFuture",
            "entra_identity::Cached",
        ] {
            assert!(items.has(item, Path::new("/nowhere")), "{item}: {items:?}");
        }
    }

    #[test]
    fn what_there_is_not_is_not_found() {
        let mut items = Items::default();
        items.add(LIST);
        for item in [
            "",
            "TokenCredential::fetch",
            "ErrorKind::Clone",
            "Credential",
            "token",
            "identity_base::Cached",
            "Clone",
            "docs/nothing.md",
            "../secret.txt",
        ] {
            assert!(!items.has(item, Path::new("/nowhere")), "{item}");
        }
    }

    #[test]
    fn files_are_found_below_the_root() {
        let folder = std::env::temp_dir();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let items = Items::default();
        assert!(items.has("src/main.rs", root));
        assert!(!items.has("src/parity", root), "a folder is no file");
        assert!(!items.has("src/main.rs", &folder));
    }
}
