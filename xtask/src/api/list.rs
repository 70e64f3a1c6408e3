//! Walks a crate from its root and writes one line for each thing that a user can name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::render::Renderer;
use crate::error::{Error, Result};
use crate::json::{flag, list, text};

/// What a crate shows.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) lines: Vec<String>,
    /// Types and traits of other projects in it, as `crate::Name`.
    pub(super) foreign: BTreeSet<String>,
}

/// Reads rustdoc's JSON; `ours` are the libraries of this workspace.
pub(super) fn interface(krate: &Value, ours: &[&str]) -> Result<Interface> {
    let root = krate
        .get("root")
        .ok_or_else(|| Error::new("rustdoc's JSON has no root"))?;
    let mut walk = Walk {
        krate,
        renderer: Renderer::new(krate, ours),
        lines: BTreeSet::new(),
        seen: BTreeMap::new(),
        impls: BTreeSet::new(),
    };
    let name = walk.item(root).map(|item| text(item, "name").to_owned());
    let name = name.ok_or_else(|| Error::new("rustdoc's JSON has no crate at its root"))?;
    walk.visit(root, "", &name);
    let lines = walk.lines.into_iter().map(|(_, line)| line).collect();
    Ok(Interface {
        lines,
        foreign: walk.renderer.foreign,
    })
}

struct Walk<'v> {
    krate: &'v Value,
    renderer: Renderer<'v>,
    /// Sorted by path, then by line.
    lines: BTreeSet<(String, String)>,
    /// Where an item was listed; a second way to it is a line that points there.
    seen: BTreeMap<String, String>,
    impls: BTreeSet<String>,
}

impl<'v> Walk<'v> {
    fn item(&self, id: &Value) -> Option<&'v Value> {
        self.krate.pointer(&format!("/index/{id}"))
    }

    fn add(&mut self, path: &str, line: String) {
        self.lines.insert((path.to_owned(), line));
    }

    /// Lists the item `id` as `name` in the module `module`.
    fn visit(&mut self, id: &Value, module: &str, name: &str) {
        let Some(item) = self.item(id) else { return };
        let Some((kind, inner)) = item
            .get("inner")
            .and_then(Value::as_object)
            .and_then(|inner| inner.iter().next())
        else {
            return;
        };
        if kind == "use" {
            return self.visit_use(inner, module);
        }
        let path = if module.is_empty() {
            name.to_owned()
        } else {
            format!("{module}::{name}")
        };
        if let Some(first) = self.seen.get(&id.to_string()) {
            let line = format!("pub use {path} = {first}");
            return self.add(&path, line);
        }
        self.seen.insert(id.to_string(), path.clone());
        let open = if list(item, "attrs").iter().any(|attr| attr == "non_exhaustive") {
            "#[non_exhaustive] "
        } else {
            ""
        };
        let (generics, predicates) = (self.renderer.generics(inner), self.renderer.predicates(inner));
        match kind.as_str() {
            "module" => {
                self.add(&path, format!("pub mod {path}"));
                self.visit_all(list(inner, "items"), &path);
            }
            "struct" => self.visit_struct(
                &path,
                &format!("{open}pub struct {path}{generics}"),
                &predicates,
                inner,
            ),
            "enum" | "union" => {
                self.add(&path, format!("{open}pub {kind} {path}{generics}{predicates}"));
                for variant in list(inner, "variants").iter().chain(list(inner, "fields")) {
                    self.visit_variant(variant, &path);
                }
                self.visit_impls(list(inner, "impls"), &path);
            }
            "trait" => {
                let bounds = self.renderer.bounds(list(inner, "bounds"));
                let bounds = if bounds.is_empty() {
                    bounds
                } else {
                    format!(": {bounds}")
                };
                let dynamic = if flag(inner, "is_dyn_compatible") {
                    ""
                } else {
                    " (not dyn-compatible)"
                };
                self.add(
                    &path,
                    format!("{open}pub trait {path}{generics}{bounds}{predicates}{dynamic}"),
                );
                self.visit_members(list(inner, "items"), &path);
                self.visit_impls(list(inner, "implementations"), &path);
            }
            "function" => self.visit_function(&path, inner),
            "type_alias" => {
                let ty = self.renderer.ty_at(inner, "type");
                self.add(&path, format!("pub type {path}{generics} = {ty}{predicates}"));
            }
            "constant" | "static" => {
                let word = if kind == "constant" { "const" } else { "static" };
                let ty = self.renderer.ty_at(inner, "type");
                self.add(&path, format!("pub {word} {path}: {ty}"));
            }
            "macro" | "proc_macro" => self.add(&path, format!("pub macro {path}!")),
            other => self.add(&path, format!("pub {other} {path}")),
        }
    }

    /// Modules come last, so that what a module shows of an item deeper down is listed where it is shown.
    fn visit_all(&mut self, ids: &[Value], module: &str) {
        let is_module = |id: &&Value| {
            self.item(id)
                .is_some_and(|item| item.pointer("/inner/module").is_some())
        };
        let (modules, others): (Vec<_>, Vec<_>) = ids.iter().partition(is_module);
        for id in others.into_iter().chain(modules) {
            let name = self.item(id).map(|item| text(item, "name")).unwrap_or_default();
            self.visit(id, module, name);
        }
    }

    fn visit_use(&mut self, inner: &Value, module: &str) {
        let (name, source) = (text(inner, "name"), text(inner, "source"));
        let id = inner.get("id").unwrap_or(&Value::Null);
        let target = self.item(id).and_then(|item| item.get("inner"));
        match (flag(inner, "is_glob"), target) {
            (false, Some(_)) => self.visit(id, module, name),
            (true, Some(target)) => {
                let items = target
                    .pointer("/module/items")
                    .or_else(|| target.pointer("/enum/variants"));
                self.visit_all(
                    items
                        .and_then(Value::as_array)
                        .map(Vec::as_slice)
                        .unwrap_or_default(),
                    module,
                );
            }
            (glob, None) => {
                let shown = if id.is_null() {
                    source.to_owned()
                } else {
                    self.renderer.name(id, source)
                };
                let path = format!("{module}::{}", if glob { "*" } else { name });
                self.add(&path, format!("pub use {path} = {shown}"));
            }
        }
    }

    fn visit_struct(&mut self, path: &str, head: &str, predicates: &str, inner: &Value) {
        let kind = inner.get("kind").unwrap_or(&Value::Null);
        let shape = match kind.get("tuple").and_then(Value::as_array) {
            Some(fields) => format!("({})", self.positional(fields)),
            None if kind.get("plain").is_some() => " { … }".to_owned(),
            None => String::new(),
        };
        self.add(path, format!("{head}{shape}{predicates}"));
        for field in list(kind.get("plain").unwrap_or(&Value::Null), "fields") {
            self.visit_field(field, path);
        }
        self.visit_impls(list(inner, "impls"), path);
    }

    fn visit_field(&mut self, id: &Value, owner: &str) {
        let Some(item) = self.item(id) else { return };
        let path = format!("{owner}::{}", text(item, "name"));
        let ty = self
            .renderer
            .ty(item.pointer("/inner/struct_field").unwrap_or(&Value::Null));
        self.add(&path, format!("pub field {path}: {ty}"));
    }

    /// Fields without names; those that are private show as `_`.
    fn positional(&mut self, fields: &[Value]) -> String {
        let types = fields.iter().map(|id| {
            match self.item(id).and_then(|item| item.pointer("/inner/struct_field")) {
                Some(ty) => self.renderer.ty(ty),
                None => "_".to_owned(),
            }
        });
        types.collect::<Vec<_>>().join(", ")
    }

    fn visit_variant(&mut self, id: &Value, owner: &str) {
        let Some(item) = self.item(id) else { return };
        let Some(variant) = item.pointer("/inner/variant") else {
            return self.visit_field(id, owner);
        };
        let path = format!("{owner}::{}", text(item, "name"));
        let open = if list(item, "attrs").iter().any(|attr| attr == "non_exhaustive") {
            "#[non_exhaustive] "
        } else {
            ""
        };
        let kind = variant.get("kind").unwrap_or(&Value::Null);
        let shape = match kind.get("tuple").and_then(Value::as_array) {
            Some(fields) => format!("({})", self.positional(fields)),
            None => String::new(),
        };
        self.add(&path, format!("{open}pub variant {path}{shape}"));
        for field in list(kind.get("struct").unwrap_or(&Value::Null), "fields") {
            self.visit_field(field, &path);
        }
    }

    fn visit_function(&mut self, path: &str, inner: &Value) {
        let header = inner.get("header").unwrap_or(&Value::Null);
        let words = [
            ("is_const", "const "),
            ("is_async", "async "),
            ("is_unsafe", "unsafe "),
        ];
        let words: String = words
            .into_iter()
            .filter(|(key, _)| flag(header, key))
            .map(|(_, word)| word)
            .collect();
        let signature = inner.get("sig").unwrap_or(&Value::Null);
        let (generics, predicates) = (self.renderer.generics(inner), self.renderer.predicates(inner));
        let (inputs, output) = (
            self.renderer.inputs(signature, true),
            self.renderer.output(signature),
        );
        self.add(
            path,
            format!("pub {words}fn {path}{generics}({inputs}){output}{predicates}"),
        );
    }

    /// What stands in a trait or an inherent impl.
    fn visit_members(&mut self, ids: &[Value], owner: &str) {
        for id in ids {
            let Some(item) = self.item(id) else { continue };
            let path = format!("{owner}::{}", text(item, "name"));
            let inner = item.get("inner").unwrap_or(&Value::Null);
            if let Some(function) = inner.get("function") {
                self.visit_function(&path, function);
            } else if let Some(constant) = inner.get("assoc_const") {
                let ty = self.renderer.ty_at(constant, "type");
                self.add(&path, format!("pub const {path}: {ty}"));
            } else if let Some(ty) = inner.get("assoc_type") {
                let (generics, bounds) = (
                    self.renderer.generics(ty),
                    self.renderer.bounds(list(ty, "bounds")),
                );
                let bounds = if bounds.is_empty() {
                    bounds
                } else {
                    format!(": {bounds}")
                };
                self.add(&path, format!("pub type {path}{generics}{bounds}"));
            }
        }
    }

    fn visit_impls(&mut self, ids: &[Value], owner: &str) {
        for id in ids {
            let Some(block) = self.item(id).and_then(|item| item.pointer("/inner/impl")) else {
                continue;
            };
            let made_up =
                flag(block, "is_synthetic") || block.get("blanket_impl").is_some_and(|of| !of.is_null());
            if made_up || !self.impls.insert(id.to_string()) {
                continue;
            }
            let Some(of) = block.get("trait").filter(|of| !of.is_null()) else {
                self.visit_members(list(block, "items"), owner);
                continue;
            };
            let name = self.renderer.path(of);
            if name.contains("StructuralPartialEq") {
                continue;
            }
            let (generics, predicates) = (self.renderer.generics(block), self.renderer.predicates(block));
            let types = self.associated_types(block);
            let ty = self.renderer.ty_at(block, "for");
            let not = if flag(block, "is_negative") { "!" } else { "" };
            self.add(
                &format!("{owner} impl"),
                format!("impl{generics} {not}{name} for {ty}{predicates}{types}"),
            );
        }
    }

    /// The types that an impl of a trait chooses, as ` { type A = B; }`.
    fn associated_types(&mut self, block: &Value) -> String {
        let mut text_of_types = String::new();
        for id in list(block, "items") {
            let Some(item) = self.item(id) else { continue };
            if let Some(ty) = item.pointer("/inner/assoc_type/type") {
                text_of_types += &format!(" type {} = {};", text(item, "name"), self.renderer.ty(ty));
            }
        }
        if text_of_types.is_empty() {
            text_of_types
        } else {
            format!(" {{{text_of_types} }}")
        }
    }
}

#[cfg(test)]
mod tests;
