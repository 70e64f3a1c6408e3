//! Types, bounds and generics as Rust text, from rustdoc's JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::json::{flag, list, text};

/// Names that need no path, by the last two parts of where they are defined.
const PRELUDE: [&str; 29] = [
    "option::Option",
    "result::Result",
    "string::String",
    "vec::Vec",
    "boxed::Box",
    "clone::Clone",
    "marker::Copy",
    "marker::Send",
    "marker::Sync",
    "marker::Sized",
    "marker::Unpin",
    "function::Fn",
    "function::FnMut",
    "function::FnOnce",
    "convert::From",
    "convert::Into",
    "convert::TryFrom",
    "convert::TryInto",
    "convert::AsRef",
    "default::Default",
    "iterator::Iterator",
    "collect::IntoIterator",
    "cmp::Eq",
    "cmp::PartialEq",
    "cmp::Ord",
    "cmp::PartialOrd",
    "drop::Drop",
    "future::Future",
    "borrow::ToOwned",
];

/// Renders parts of one crate's JSON and notes the foreign types that it comes across.
pub(super) struct Renderer<'v> {
    krate: &'v Value,
    /// Libraries of this workspace, which may appear in each other's interfaces as the layers allow.
    ours: &'v [&'v str],
    pub(super) foreign: BTreeSet<String>,
}

impl<'v> Renderer<'v> {
    pub(super) fn new(krate: &'v Value, ours: &'v [&'v str]) -> Self {
        Self {
            krate,
            ours,
            foreign: BTreeSet::new(),
        }
    }

    /// What the number stands for, in short: local names bare, foreign ones as `crate::Name`.
    pub(super) fn name(&mut self, id: &Value, written: &str) -> String {
        let entry = self.krate.pointer(&format!("/paths/{id}"));
        let path: Vec<_> = entry
            .map(|entry| list(entry, "path"))
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let (Some(first), Some(last)) = (path.first(), path.last()) else {
            return written.to_owned();
        };
        if entry
            .and_then(|entry| entry.get("crate_id"))
            .and_then(Value::as_u64)
            == Some(0)
        {
            return (*last).to_owned();
        }
        if matches!(*first, "core" | "alloc" | "std") {
            let tail = path
                .get(path.len().saturating_sub(2)..)
                .unwrap_or_default()
                .join("::");
            let inside = path.get(1..).unwrap_or_default().join("::");
            return if PRELUDE.contains(&tail.as_str()) {
                (*last).to_owned()
            } else {
                format!("std::{inside}")
            };
        }
        let short = format!("{first}::{last}");
        if !self.ours.contains(first) {
            self.foreign.insert(short.clone());
        }
        short
    }

    pub(super) fn ty(&mut self, ty: &Value) -> String {
        let Some((kind, inner)) = ty.as_object().and_then(|object| object.iter().next()) else {
            return ty.as_str().map_or_else(|| "_".to_owned(), |_| "_".to_owned());
        };
        match kind.as_str() {
            "primitive" if inner == "never" => "!".to_owned(),
            "primitive" | "generic" => inner.as_str().unwrap_or("_").to_owned(),
            "resolved_path" => self.path(inner),
            "dyn_trait" => self.dyn_trait(inner),
            "tuple" => {
                let parts = self.types(inner.as_array().map(Vec::as_slice).unwrap_or_default());
                if let [one] = parts.as_slice() {
                    format!("({one},)")
                } else {
                    format!("({})", parts.join(", "))
                }
            }
            "slice" => format!("[{}]", self.ty(inner)),
            "array" => format!("[{}; {}]", self.ty_at(inner, "type"), text(inner, "len")),
            "impl_trait" => format!(
                "impl {}",
                self.bounds(inner.as_array().map(Vec::as_slice).unwrap_or_default())
            ),
            "raw_pointer" => {
                let kind = if flag(inner, "is_mutable") {
                    "*mut"
                } else {
                    "*const"
                };
                format!("{kind} {}", self.ty_at(inner, "type"))
            }
            "borrowed_ref" => {
                let lifetime = inner
                    .get("lifetime")
                    .and_then(Value::as_str)
                    .map(|name| format!("{name} "));
                let mutable = if flag(inner, "is_mutable") { "mut " } else { "" };
                format!(
                    "&{}{mutable}{}",
                    lifetime.unwrap_or_default(),
                    self.ty_at(inner, "type")
                )
            }
            "function_pointer" => {
                let signature = inner.get("sig").cloned().unwrap_or_default();
                format!(
                    "{}fn({}){}",
                    self.for_lifetimes(inner),
                    self.inputs(&signature, false),
                    self.output(&signature)
                )
            }
            "qualified_path" => {
                let of = self.ty_at(inner, "self_type");
                let by = inner.get("trait").filter(|by| by.is_object()).cloned();
                let name = format!("{}{}", text(inner, "name"), self.args_at(inner));
                match by {
                    Some(by) => format!("<{of} as {}>::{name}", self.path(&by)),
                    None => format!("{of}::{name}"),
                }
            }
            _ => "_".to_owned(),
        }
    }

    pub(super) fn ty_at(&mut self, value: &Value, key: &str) -> String {
        self.ty(value.get(key).unwrap_or(&Value::Null))
    }

    fn types(&mut self, types: &[Value]) -> Vec<String> {
        types.iter().map(|ty| self.ty(ty)).collect()
    }

    /// A named type or trait with its arguments.
    pub(super) fn path(&mut self, path: &Value) -> String {
        let name = self.name(path.get("id").unwrap_or(&Value::Null), text(path, "path"));
        format!("{name}{}", self.args_at(path))
    }

    fn args_at(&mut self, value: &Value) -> String {
        let Some(args) = value.get("args").filter(|args| args.is_object()) else {
            return String::new();
        };
        if let Some(args) = args.get("parenthesized") {
            let inputs = self.types(list(args, "inputs")).join(", ");
            let output = args
                .get("output")
                .filter(|output| !output.is_null())
                .map(|output| self.ty(output));
            return format!(
                "({inputs}){}",
                output.map(|output| format!(" -> {output}")).unwrap_or_default()
            );
        }
        let Some(args) = args.get("angle_bracketed") else {
            return String::new();
        };
        let mut parts: Vec<_> = list(args, "args").iter().map(|arg| self.argument(arg)).collect();
        for constraint in list(args, "constraints") {
            let name = format!("{}{}", text(constraint, "name"), self.args_at(constraint));
            let binding = constraint.get("binding").unwrap_or(&Value::Null);
            parts.push(match binding.get("equality") {
                Some(term) => format!("{name} = {}", self.argument(term)),
                None => format!("{name}: {}", self.bounds(list(binding, "constraint"))),
            });
        }
        if parts.is_empty() {
            String::new()
        } else {
            format!("<{}>", parts.join(", "))
        }
    }

    fn argument(&mut self, argument: &Value) -> String {
        if let Some(lifetime) = argument.get("lifetime").and_then(Value::as_str) {
            return lifetime.to_owned();
        }
        match (
            argument.get("type"),
            argument.get("const").or_else(|| argument.get("constant")),
        ) {
            (Some(ty), _) => self.ty(ty),
            (None, Some(constant)) => text(constant, "expr").to_owned(),
            (None, None) => "_".to_owned(),
        }
    }

    fn dyn_trait(&mut self, value: &Value) -> String {
        let traits = list(value, "traits").iter().map(|bound| {
            let name = self.path(bound.get("trait").unwrap_or(&Value::Null));
            format!("{}{name}", self.for_lifetimes(bound))
        });
        let mut parts: Vec<_> = traits.collect();
        parts.extend(value.get("lifetime").and_then(Value::as_str).map(str::to_owned));
        format!("dyn {}", parts.join(" + "))
    }

    pub(super) fn bounds(&mut self, bounds: &[Value]) -> String {
        bounds
            .iter()
            .map(|bound| self.bound(bound))
            .collect::<Vec<_>>()
            .join(" + ")
    }

    fn bound(&mut self, bound: &Value) -> String {
        if let Some(lifetime) = bound.get("outlives").and_then(Value::as_str) {
            return lifetime.to_owned();
        }
        let Some(bound) = bound.get("trait_bound") else {
            return "use<…>".to_owned();
        };
        let mark = if text(bound, "modifier") == "maybe" {
            "?"
        } else {
            ""
        };
        let name = self.path(bound.get("trait").unwrap_or(&Value::Null));
        format!("{}{mark}{name}", self.for_lifetimes(bound))
    }

    fn for_lifetimes(&mut self, value: &Value) -> String {
        let names: Vec<_> = list(value, "generic_params")
            .iter()
            .map(|param| text(param, "name"))
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("for<{}> ", names.join(", "))
        }
    }

    /// `<…>` of an item; what the compiler made up is left out.
    pub(super) fn generics(&mut self, item: &Value) -> String {
        let generics = item.get("generics").unwrap_or(&Value::Null);
        let params: Vec<_> = list(generics, "params")
            .iter()
            .filter_map(|param| self.param(param))
            .collect();
        if params.is_empty() {
            String::new()
        } else {
            format!("<{}>", params.join(", "))
        }
    }

    fn param(&mut self, param: &Value) -> Option<String> {
        let (name, kind) = (text(param, "name"), param.get("kind")?);
        let colon = |bounds: String| {
            if bounds.is_empty() {
                bounds
            } else {
                format!(": {bounds}")
            }
        };
        if let Some(lifetime) = kind.get("lifetime") {
            let outlives: Vec<_> = list(lifetime, "outlives")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            return Some(format!("{name}{}", colon(outlives.join(" + "))));
        }
        if let Some(constant) = kind.get("const") {
            return Some(format!("const {name}: {}", self.ty_at(constant, "type")));
        }
        let ty = kind.get("type").filter(|ty| !flag(ty, "is_synthetic"))?;
        let default = ty
            .get("default")
            .filter(|default| !default.is_null())
            .map(|default| self.ty(default));
        let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
        Some(format!(
            "{name}{}{default}",
            colon(self.bounds(list(ty, "bounds")))
        ))
    }

    /// ` where …` of an item, or nothing.
    pub(super) fn predicates(&mut self, item: &Value) -> String {
        let generics = item.get("generics").unwrap_or(&Value::Null);
        let predicates: Vec<_> = list(generics, "where_predicates")
            .iter()
            .map(|predicate| self.predicate(predicate))
            .collect();
        if predicates.is_empty() {
            String::new()
        } else {
            format!(" where {}", predicates.join(", "))
        }
    }

    fn predicate(&mut self, predicate: &Value) -> String {
        if let Some(bound) = predicate.get("bound_predicate") {
            let lifetimes = self.for_lifetimes(bound);
            return format!(
                "{lifetimes}{}: {}",
                self.ty_at(bound, "type"),
                self.bounds(list(bound, "bounds"))
            );
        }
        if let Some(lifetime) = predicate.get("lifetime_predicate") {
            let outlives: Vec<_> = list(lifetime, "outlives")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            return format!("{}: {}", text(lifetime, "lifetime"), outlives.join(" + "));
        }
        "_".to_owned()
    }

    pub(super) fn inputs(&mut self, signature: &Value, named: bool) -> String {
        let inputs = list(signature, "inputs").iter().map(|input| {
            let name = input.get(0).and_then(Value::as_str).unwrap_or("_");
            let ty = self.ty(input.get(1).unwrap_or(&Value::Null));
            match (name, ty.as_str()) {
                ("self", "Self") => "self".to_owned(),
                ("self", "&Self") => "&self".to_owned(),
                ("self", "&mut Self") => "&mut self".to_owned(),
                _ if named => format!("{name}: {ty}"),
                _ => ty,
            }
        });
        inputs.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn output(&mut self, signature: &Value) -> String {
        match signature.get("output").filter(|output| !output.is_null()) {
            Some(output) => format!(" -> {}", self.ty(output)),
            None => String::new(),
        }
    }
}
