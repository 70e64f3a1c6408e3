//! What `cargo metadata` says about the packages of this workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Context as _, Result};
use crate::json::{list, text, texts};
use crate::shell::Cmd;

/// The root folder of the workspace.
pub(crate) fn root() -> PathBuf {
    // Cargo says at run time where the package lies; the value of the build is for a binary that was started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").filter(|dir| Path::new(dir).ends_with("xtask"));
    let package = package.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .map_or_else(|| package.clone(), Path::to_path_buf)
}

/// The members of the workspace and where their builds go.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_dir: PathBuf,
}

/// One member.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Relative to the root, with `/`.
    pub(crate) dir: String,
    /// Whether it may be published to a registry.
    pub(crate) published: bool,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// Fields that a published crate owes its readers, and that are missing.
    pub(crate) missing_fields: Vec<&'static str>,
}

/// What a package declares to need.
#[derive(Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `normal`, `dev` or `build`.
    pub(crate) kind: String,
    /// The version, `*` where none is written.
    pub(crate) version: String,
    /// Whether it is a folder of this workspace.
    pub(crate) local: bool,
}

/// A library, program, test or example.
#[derive(Debug, Default)]
pub(crate) struct Target {
    pub(crate) kinds: Vec<String>,
    pub(crate) name: String,
}

impl Workspace {
    pub(crate) fn load() -> Result<Self> {
        let metadata = Cmd::cargo()
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .output()?;
        let metadata: Value =
            serde_json::from_str(&metadata).context(|| "output of cargo metadata".to_owned())?;
        let root = Path::new(text(&metadata, "workspace_root"));
        let packages = list(&metadata, "packages")
            .iter()
            .map(|package| Package::parse(package, root));
        Ok(Self {
            packages: packages.collect(),
            target_dir: text(&metadata, "target_directory").into(),
        })
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The crates that are published.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.published)
    }
}

impl Package {
    pub(crate) fn parse(value: &Value, root: &Path) -> Self {
        let dir = Path::new(text(value, "manifest_path")).parent().unwrap_or(root);
        let features = value
            .get("features")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let has = |key: &str| match value.get(key) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            _ => false,
        };
        let docs_rs = value.pointer("/metadata/docs/rs/all-features") == Some(&Value::Bool(true));
        let required = [
            "description",
            "readme",
            "license",
            "keywords",
            "categories",
            "rust_version",
        ];
        let mut missing_fields: Vec<_> = required.into_iter().filter(|field| !has(field)).collect();
        if !docs_rs {
            missing_fields.push("metadata.docs.rs.all-features");
        }
        Self {
            name: text(value, "name").to_owned(),
            version: text(value, "version").to_owned(),
            dir: dir
                .strip_prefix(root)
                .unwrap_or(dir)
                .to_string_lossy()
                .replace('\\', "/"),
            // Cargo shows `publish = false` as an empty list of registries.
            published: value
                .get("publish")
                .is_none_or(|publish| publish.as_array().is_none_or(|to| !to.is_empty())),
            features: features
                .map(|(name, _)| {
                    (
                        name.clone(),
                        texts(value.get("features").unwrap_or(&Value::Null), name),
                    )
                })
                .collect(),
            dependencies: list(value, "dependencies")
                .iter()
                .map(Dependency::parse)
                .collect(),
            targets: list(value, "targets").iter().map(Target::parse).collect(),
            missing_fields,
        }
    }

    /// The library's name in paths, if there is a library.
    pub(crate) fn library(&self) -> Option<&str> {
        let library = self
            .targets
            .iter()
            .find(|target| target.kinds.iter().any(|kind| kind == "lib"));
        library.map(|target| target.name.as_str())
    }

    /// Whether there is a program or example of this name.
    pub(crate) fn has_program(&self, name: &str) -> bool {
        self.targets
            .iter()
            .any(|target| target.name == name && target.kinds.iter().any(|kind| kind == "bin"))
    }
}

impl Dependency {
    fn parse(value: &Value) -> Self {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or("normal");
        Self {
            name: text(value, "name").to_owned(),
            kind: kind.to_owned(),
            version: text(value, "req").to_owned(),
            local: value.get("path").is_some_and(Value::is_string),
        }
    }
}

impl Target {
    fn parse(value: &Value) -> Self {
        Self {
            kinds: texts(value, "kind"),
            name: text(value, "name").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_prints() {
        let value = serde_json::json!({
            "name": "a", "manifest_path": "/r/crates/a/Cargo.toml", "publish": [], "description": "d",
            "features": { "default": ["x"], "x": [] },
            "dependencies": [{ "name": "b", "kind": null, "req": "*", "path": "/r/crates/b" },
                             { "name": "c", "kind": "dev", "req": "^1" }],
            "targets": [{ "kind": ["lib"], "name": "a_lib" }, { "kind": ["bin"], "name": "tool" }],
            "metadata": { "docs": { "rs": { "all-features": true } } },
        });
        let package = Package::parse(&value, Path::new("/r"));
        assert_eq!(
            (package.name.as_str(), package.dir.as_str(), package.published),
            ("a", "crates/a", false)
        );
        assert_eq!(package.features.get("default"), Some(&vec!["x".to_owned()]));
        assert_eq!(package.library(), Some("a_lib"));
        assert!(package.has_program("tool") && !package.has_program("a_lib"));
        let [first, second] = package.dependencies.as_slice() else {
            panic!("{package:?}")
        };
        assert_eq!(
            (first.kind.as_str(), first.version.as_str(), first.local),
            ("normal", "*", true)
        );
        assert_eq!(
            (second.kind.as_str(), second.version.as_str(), second.local),
            ("dev", "^1", false)
        );
        assert_eq!(
            package.missing_fields,
            ["readme", "license", "keywords", "categories", "rust_version"]
        );
    }

    #[test]
    fn a_package_without_a_word_on_it_is_published() {
        assert!(Package::parse(&serde_json::json!({ "name": "a" }), Path::new("/r")).published);
    }

    #[test]
    fn the_root_holds_this_package() {
        assert!(root().join("xtask/src/workspace.rs").is_file());
    }
}
