//! Places and layers that tests share.

use std::path::Path;

use crate::document::PolicyFile;
use crate::layers::{Layer, Merged, merge};
use crate::origin::LayerKind;
use crate::parse::parse;
use crate::platform::{Places, Platform};
use crate::policy::Policy;

pub(crate) fn on(platform: Platform) -> Places {
    let (workspace, home) = match platform {
        Platform::Linux => ("/home/ada/work", "/home/ada"),
        Platform::Macos => ("/Users/ada/work", "/Users/ada"),
        Platform::Windows => ("C:\\Users\\ada\\work", "C:\\Users\\ada"),
    };
    Places { platform, workspace: workspace.into(), home: home.into() }
}

pub(crate) fn linux() -> Places {
    on(Platform::Linux)
}

pub(crate) const TRUSTED: LayerKind = LayerKind::Project { trusted: true };
pub(crate) const UNTRUSTED: LayerKind = LayerKind::Project { trusted: false };

pub(crate) fn layer(kind: LayerKind, text: &str) -> Layer {
    let file = match kind {
        LayerKind::User => "~/.config/pinfold/policy.toml",
        LayerKind::Managed => "/etc/pinfold/policy.toml",
        _ => "pinfold.toml",
    };
    Layer::new(kind, parse(text, Path::new(file)).unwrap_or_else(|error| panic!("{error}")))
}

pub(crate) fn flags(settings: &[(crate::flags::Setting, &str, &str)]) -> Layer {
    let mut file = PolicyFile::default();
    for (setting, value, flag) in settings {
        file.add_flag(*setting, value, flag).expect(flag);
    }
    Layer::new(LayerKind::CommandLine, file)
}

pub(crate) fn merged(layers: &[(LayerKind, &str)]) -> Merged {
    let layers: Vec<Layer> = layers.iter().map(|(kind, text)| layer(*kind, text)).collect();
    merge(&layers, &linux()).expect("mergeable")
}

/// The default profile with one user layer.
pub(crate) fn policy(user: &str, places: &Places) -> Policy {
    merge(&[layer(LayerKind::User, user)], places).expect("mergeable").policy
}
