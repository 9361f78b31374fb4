// SPDX-License-Identifier: GPL-2.0

//! What there is in the kernel's Rust code, by name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::{ImplItem, Item, TraitItem, Type, Visibility};

/// Where the code is.
pub(super) const ROOTS: &[&str] = &["rust/kernel", "rust/macros", "rust/pin-init/src"];

/// What is public, or made by macros.
#[derive(Default)]
pub(super) struct Items {
    /// The modules that have an item, by its name: of one word, or of two for what belongs to a
    /// type or trait.
    named: BTreeMap<Vec<String>, Vec<Path>>,
    /// The modules that are not public.
    private: BTreeSet<Path>,
    /// Where the items of a type may come from as well: the traits that it implements, what it
    /// dereferences to, and what it is another name of.
    also: BTreeMap<String, Vec<(Path, Path)>>,
    /// What a module has under another name or from elsewhere.
    used: BTreeMap<(Path, String), String>,
    /// The modules from which a module takes a type for itself.
    imported: BTreeMap<(Path, String), Path>,
    /// The words of macro invocations, in the body of an `impl` with its type.
    invoked: Vec<(Path, Option<String>, BTreeSet<String>)>,
    /// What the definition of each macro declares.
    macros: BTreeMap<String, BTreeSet<String>>,
}

type Path = Vec<String>;

fn strings(words: &[&str]) -> Path {
    words.iter().map(ToString::to_string).collect()
}

/// The module that the file `path` is.
fn module_of(path: &str) -> Path {
    let (root, inside) = ROOTS
        .iter()
        .find_map(|root| Some((*root, path.strip_prefix(root)?.strip_prefix('/')?)))
        .unwrap_or(("", path));
    let mut module: Path = inside
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_string)
        .collect();
    if module
        .last()
        .is_some_and(|last| last == "lib" || last == "mod")
    {
        module.pop();
    }
    match root {
        "rust/macros" => module.insert(0, "macros".into()),
        "rust/pin-init/src" => module.insert(0, "pin_init".into()),
        _ => {}
    }
    module
}

impl Items {
    /// Adds what a file has.
    pub(super) fn add(&mut self, path: &str, source: &str) -> syn::Result<()> {
        let file = syn::parse_file(source)?;
        self.add_all(&module_of(path), &file.items);
        Ok(())
    }

    fn name(&mut self, module: &Path, words: &[&str]) {
        let modules = self.named.entry(strings(words)).or_default();
        modules.push(module.clone());
    }

    fn name_public(&mut self, module: &Path, vis: &Visibility, words: &[&str]) {
        if is_public(vis) {
            self.name(module, words);
        }
    }

    fn add_all(&mut self, module: &Path, items: &[Item]) {
        for item in items {
            self.add_item(module, item);
        }
    }

    fn add_item(&mut self, module: &Path, item: &Item) {
        match item {
            Item::Const(it) => self.name_public(module, &it.vis, &[&it.ident.to_string()]),
            Item::Static(it) => self.name_public(module, &it.vis, &[&it.ident.to_string()]),
            Item::Struct(it) => {
                let name = it.ident.to_string();
                self.name_public(module, &it.vis, &[&name]);
                for field in &it.fields {
                    if let Some(ident) = &field.ident {
                        self.name_public(module, &field.vis, &[&name, &ident.to_string()]);
                    }
                }
            }
            Item::Union(it) => self.name_public(module, &it.vis, &[&it.ident.to_string()]),
            Item::Type(it) => {
                let name = it.ident.to_string();
                self.name_public(module, &it.vis, &[&name]);
                if let Some(target) = type_path(&it.ty) {
                    self.add_also(module, name, target);
                }
            }
            Item::Enum(it) => {
                let name = it.ident.to_string();
                self.name_public(module, &it.vis, &[&name]);
                for variant in &it.variants {
                    self.name_public(module, &it.vis, &[&name, &variant.ident.to_string()]);
                }
            }
            Item::Trait(it) => {
                let name = it.ident.to_string();
                self.name_public(module, &it.vis, &[&name]);
                for item in &it.items {
                    let member = match item {
                        TraitItem::Const(it) => it.ident.to_string(),
                        TraitItem::Fn(it) => it.sig.ident.to_string(),
                        TraitItem::Type(it) => it.ident.to_string(),
                        _ => continue,
                    };
                    self.name_public(module, &it.vis, &[&name, &member]);
                }
            }
            Item::Fn(it) => {
                let name = it.sig.ident.to_string();
                let attribute = |attribute: &syn::Attribute| {
                    let path = attribute.path();
                    path.is_ident("proc_macro") || path.is_ident("proc_macro_attribute")
                };
                if it.attrs.iter().any(attribute) {
                    self.macros.entry(name.clone()).or_default();
                }
                self.name_public(module, &it.vis, &[&name]);
            }
            Item::Mod(it) => {
                let name = it.ident.to_string();
                let inner = [module.clone(), vec![name.clone()]].concat();
                if is_public(&it.vis) {
                    self.name(module, &[&name]);
                } else {
                    self.private.insert(inner.clone());
                }
                if let Some((_, items)) = &it.content {
                    self.add_all(&inner, items);
                }
            }
            Item::Use(it) if is_public(&it.vis) => self.add_use(module, &it.tree),
            Item::Use(it) => self.add_import(module, None, &it.tree),
            Item::Impl(it) => self.add_impl(module, it),
            Item::Macro(it) => match &it.ident {
                Some(name) => {
                    let declared = self.macros.entry(name.to_string()).or_default();
                    add_declared(it.mac.tokens.clone(), declared);
                }
                None => self.add_invocation(module, None, &it.mac),
            },
            _ => {}
        }
    }

    fn add_impl(&mut self, module: &Path, it: &syn::ItemImpl) {
        let Some(name) = type_path(&it.self_ty).and_then(|path| path.last().cloned()) else {
            return;
        };
        if let Some((path, _)) = &it.trait_ {
            self.add_also(module, name.clone(), words(path));
        }
        for item in &it.items {
            let (vis, member) = match item {
                ImplItem::Const(it) => (&it.vis, it.ident.to_string()),
                ImplItem::Fn(it) => (&it.vis, it.sig.ident.to_string()),
                ImplItem::Type(it) => {
                    if let (true, Some(target)) = (it.ident == "Target", type_path(&it.ty)) {
                        self.add_also(module, name.clone(), target);
                    }
                    (&it.vis, it.ident.to_string())
                }
                ImplItem::Macro(it) => {
                    self.add_invocation(module, Some(name.clone()), &it.mac);
                    continue;
                }
                _ => continue,
            };
            if it.trait_.is_some() || is_public(vis) {
                self.name(module, &[&name, &member]);
                let home = self.imported.get(&(module.clone(), name.clone())).cloned();
                if let Some(home) = home {
                    self.name(&home, &[&name, &member]);
                }
            }
        }
    }

    fn add_also(&mut self, module: &Path, name: String, from: Path) {
        let also = self.also.entry(name).or_default();
        also.push((module.clone(), from));
    }

    fn add_use(&mut self, module: &Path, tree: &syn::UseTree) {
        let (name, source) = match tree {
            syn::UseTree::Path(path) => return self.add_use(module, &path.tree),
            syn::UseTree::Group(group) => {
                return group
                    .items
                    .iter()
                    .for_each(|tree| self.add_use(module, tree))
            }
            syn::UseTree::Name(name) => (&name.ident, &name.ident),
            syn::UseTree::Rename(rename) => (&rename.rename, &rename.ident),
            _ => return,
        };
        let key = (module.clone(), name.to_string());
        self.used.insert(key, source.to_string());
    }

    /// `from`: the module that the words before `tree` are, if there are any.
    fn add_import(&mut self, module: &Path, from: Option<Path>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                let word = path.ident.to_string();
                let from = match (from, word.as_str()) {
                    (None, "crate") => Vec::new(),
                    (None, "self") => module.clone(),
                    (None, "super") => module[..module.len().saturating_sub(1)].to_vec(),
                    (Some(from), "super") => from[..from.len().saturating_sub(1)].to_vec(),
                    (Some(from), _) => [from, vec![word]].concat(),
                    // Another crate.
                    (None, _) => return,
                };
                self.add_import(module, Some(from), &path.tree);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_import(module, from.clone(), tree);
                }
            }
            syn::UseTree::Name(name) => {
                if let Some(from) = from {
                    let key = (module.clone(), name.ident.to_string());
                    self.imported.insert(key, from);
                }
            }
            _ => {}
        }
    }

    fn add_invocation(&mut self, module: &Path, within: Option<String>, mac: &syn::Macro) {
        let mut words = BTreeSet::new();
        add_words(mac.tokens.clone(), &mut words);
        if let Some(name) = mac.path.segments.last() {
            // Looked up in the macros later, which may not be known yet.
            words.insert(format!("{}!", name.ident));
        }
        self.invoked.push((module.clone(), within, words));
    }

    /// Says what is wrong with `text`, which should be the path of an item.
    pub(super) fn resolve(&self, text: &str) -> Result<(), String> {
        let missing = || format!("the kernel's Rust code has no public `{text}`");
        let attribute = text.strip_prefix("#[").and_then(|t| t.strip_suffix(']'));
        let plain = without_arguments(text);
        let mut words: Vec<&str> = attribute.unwrap_or(&plain).split("::").collect();
        let macro_name = words.last_mut().and_then(|last| {
            let name = last.strip_suffix('!').or(attribute.map(|_| *last))?;
            *last = name;
            Some(name)
        });
        let is_name = |word: &&str| syn::parse_str::<proc_macro2::Ident>(word).is_ok();
        if !words.iter().all(is_name) {
            return Err(format!("`{text}` is not the path of an item of Rust"));
        }
        let known = match (macro_name, words[0]) {
            (Some(name), _) => self.macros.contains_key(name),
            (None, "core") => true,
            (None, "kernel" | "crate") => self.has_path(&words[1..]),
            (None, _) => self.has_path(&words),
        };
        known.then_some(()).ok_or_else(missing)
    }

    fn has_path(&self, words: &[&str]) -> bool {
        let begins = |length| {
            words
                .split_at_checked(words.len().checked_sub(length)?)
                .filter(|(module, _)| self.is_open(module))
        };
        begins(1).is_some_and(|(module, name)| {
            self.has(module, name) || self.generated(module, None, &[name[0]])
        }) || begins(2).is_some_and(|(module, name)| self.has_member(module, name[0], name[1], 3))
    }

    /// Whether no module on the way is private.
    fn is_open(&self, module: &[&str]) -> bool {
        (1..=module.len()).all(|length| !self.private.contains(&strings(&module[..length])))
    }

    /// Whether the module, or one in it, has an item: what is in private modules is there to be
    /// used from where they are.
    fn has(&self, module: &[&str], name: &[&str]) -> bool {
        let places = self.named.get(&strings(name));
        places.is_some_and(|places| places.iter().any(|place| is_in(place, module)))
            || (name.len() == 1 && self.source(module, name[0]).is_some())
    }

    /// What a `pub use` in the module takes for `name`.
    fn source(&self, module: &[&str], name: &str) -> Option<&String> {
        let mut used = self.used.iter();
        used.find_map(|((place, key), source)| {
            (key == name && is_in(place, module)).then_some(source)
        })
    }

    /// Whether a type or trait has an item. `depth` limits how far that is looked for in what the
    /// type implements or stands for.
    fn has_member(&self, module: &[&str], name: &str, member: &str, depth: usize) -> bool {
        let also = self.also.get(name).map_or(&[][..], Vec::as_slice);
        self.has(module, &[name, member])
            || self.generated(module, Some(name), &[member])
            || self.generated(module, None, &[name, member])
            || depth > 0
                && (self
                    .source(module, name)
                    .is_some_and(|source| self.has_member(&[], source, member, depth - 1))
                    || also
                        .iter()
                        .filter(|(place, _)| is_in(place, module))
                        .any(|(place, from)| self.has_member_of(place, from, member, depth - 1)))
    }

    /// Whether what `path` means in the module `place` has an item.
    fn has_member_of(&self, place: &Path, path: &Path, member: &str, depth: usize) -> bool {
        let Some((name, from)) = path.split_last() else {
            return false;
        };
        let inside = [place.as_slice(), from].concat();
        [from, &inside].iter().any(|module| {
            let module: Vec<_> = module.iter().map(String::as_str).collect();
            self.has_member(&module, name, member, depth)
        })
    }

    /// Whether a macro, in the `impl` of a type or elsewhere, may have made something with these
    /// names.
    fn generated(&self, module: &[&str], within: Option<&str>, names: &[&str]) -> bool {
        self.invoked.iter().any(|(place, inside, words)| {
            let declared = words
                .iter()
                .filter_map(|word| self.macros.get(word.strip_suffix('!')?));
            let declared: Vec<_> = declared.collect();
            is_in(place, module)
                && inside.as_deref() == within
                && names.iter().all(|name| {
                    words.contains(*name) || declared.iter().any(|words| words.contains(*name))
                })
        })
    }
}

fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

fn is_in(place: &Path, module: &[&str]) -> bool {
    place.len() >= module.len() && place.iter().zip(module).all(|(a, b)| a == b)
}

/// The path of a type without what is around it.
fn type_path(ty: &Type) -> Option<Path> {
    match ty {
        Type::Path(path) => Some(words(&path.path)),
        Type::Reference(reference) => type_path(&reference.elem),
        _ => None,
    }
}

/// The words of a path, without those that say where it begins.
fn words(path: &syn::Path) -> Path {
    let words = path.segments.iter().map(|part| part.ident.to_string());
    words
        .filter(|word| !["crate", "kernel", "self", "super"].contains(&word.as_str()))
        .collect()
}

/// A path without its generic arguments, and without the call at its end.
fn without_arguments(text: &str) -> String {
    let text = text.trim_start_matches('&');
    let text = text.split_once('(').map_or(text, |(name, _)| name);
    let mut plain = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    // What a turbofish leaves.
    plain.trim_end_matches("::").replace("::::", "::")
}

fn add_words(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => add_words(group.stream(), words),
            TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            _ => {}
        }
    }
}

/// The names that the body of a macro declares, or implements something for, without those that it
/// gets as arguments.
fn add_declared(tokens: TokenStream, declared: &mut BTreeSet<String>) {
    const KEYWORDS: &[&str] = &[
        "fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod", "impl",
    ];
    let mut after_keyword = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => add_declared(group.stream(), declared),
            TokenTree::Ident(word) => {
                let word = word.to_string();
                let keyword = KEYWORDS.contains(&word.as_str());
                if after_keyword && !keyword {
                    declared.insert(word);
                }
                after_keyword = keyword;
                continue;
            }
            _ => {}
        }
        after_keyword = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Items {
        let mut items = Items::default();
        for (path, source) in [
            (
                "rust/kernel/lib.rs",
                "pub mod pci; pub mod dma; mod hidden; pub mod types;",
            ),
            (
                "rust/kernel/pci.rs",
                "mod config; mod inner { pub fn free() {} }
                 pub use self::config::ConfigSpace;
                 pub struct Device<T = ()>(T);
                 struct Private;
                 impl Private { pub fn f() {} }
                 impl<T> Device<T> { pub fn set_master(&self) {} fn private(&self) {} }
                 impl dma::Device for Device<u8> {}
                 impl<T> Deref for Bar { type Target = io::Io<T>; }
                 pub struct Bar { pub size: u8, secret: u8 }
                 pub enum Kind { Msi, MsiX }
                 pub trait Driver { const ID_TABLE: u8; fn probe(); }
                 #[macro_export] macro_rules! pci_device_table { () => {} }",
            ),
            (
                "rust/kernel/pci/config.rs",
                "macro_rules! access { ($read:ident) => { pub fn $read() {} pub fn fixed() {} } }
                 macro_rules! make { ($t:ident) => { impl $t { pub fn made() {} } } }
                 pub struct ConfigSpace<'a>(&'a ());
                 impl<'a> ConfigSpace<'a> { access!(read8); }
                 make!(Made);
                 impl super::Device { pub fn config_space(&self) {} }
                 macro_rules! ids { ($id:ident) => { impl Vendor { pub const $id: u8 = 1; } } }
                 pub struct Vendor;
                 ids! { INTEL }",
            ),
            (
                "rust/kernel/dma.rs",
                "pub trait Device { fn dma_set_mask(&self) {} }
                 pub mod other { pub struct Device; impl Device { pub fn other() {} } }",
            ),
            (
                "rust/kernel/io.rs",
                "pub struct Io; impl Io { define!(read); } pub type Port = Io;",
            ),
            (
                "rust/kernel/usb.rs",
                "use crate::{io, pci::{self, ConfigSpace}};
                 pub struct Device; impl Device { pub fn usb() {} }
                 impl ConfigSpace<'_> { pub fn of_usb(&self) {} }",
            ),
            ("rust/kernel/hidden.rs", "pub fn f() {}"),
            ("rust/kernel/types.rs", "pub use crate::pci::Bar as Window;"),
            (
                "rust/macros/lib.rs",
                "#[proc_macro_attribute] pub fn vtable(a: u8) {}",
            ),
        ] {
            items.add(path, source).unwrap();
        }
        items
    }

    #[test]
    fn what_exists_is_found() {
        let items = items();
        for text in [
            "pci",
            "pci::Device",
            "pci::Device::set_master",
            "kernel::pci::Device::set_master()",
            "&pci::Device<Core>",
            "pci::Device::<Core>::set_master",
            "Device::set_master",
            "pci::Device::config_space",
            "pci::Device::dma_set_mask",
            "dma::Device::dma_set_mask",
            "pci::ConfigSpace",
            "pci::ConfigSpace::read8::<0x10>()",
            "pci::ConfigSpace::fixed",
            "pci::ConfigSpace::of_usb",
            "pci::Made::made",
            "pci::Kind::MsiX",
            "pci::Bar::size",
            "pci::Bar::read",
            "io::Port::read",
            "pci::Vendor::INTEL",
            "types::Window",
            "types::Window::size",
            "pci::Driver::ID_TABLE",
            "pci::Driver::probe",
            "pci_device_table!",
            "kernel::pci_device_table!",
            "#[vtable]",
            "core::mem::drop",
        ] {
            assert_eq!(items.resolve(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_does_not_exist_is_not() {
        let items = items();
        for text in [
            "pci::Device::set_matser",
            "set_master",
            "dma::Device::set_master",
            "pci::Device::private",
            "pci::Device::usb",
            "pci::Device::made",
            "pci::Device::read8",
            "pci::Private",
            "pci::Bar::secret",
            "pci::Kind::Ms",
            "pci::config::ConfigSpace",
            "pci::inner::free",
            "hidden::f",
            "pci::Driver::remove",
            "pci_device_tables!",
            "#[vtables]",
            "drm::Device",
            "",
            "impl pci::Driver",
            "a + b",
        ] {
            assert!(items.resolve(text).is_err(), "{text}");
        }
    }
}
