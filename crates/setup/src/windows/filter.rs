//! The words of the filtering platform for what our filters say, and back.

use pinfold_plan::windows::filters::{Action, Key, Layer, Version};
use windows_sys::Win32::NetworkManagement::WindowsFilteringPlatform::{
    FWP_ACTION_BLOCK, FWP_ACTION_PERMIT, FWP_ACTION_TYPE, FWPM_LAYER_ALE_AUTH_CONNECT_V4,
    FWPM_LAYER_ALE_AUTH_CONNECT_V6, FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4, FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V6,
    FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4, FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V6,
};
use windows_sys::core::GUID;

const LAYERS: [(Layer, GUID); 6] = [
    (Layer::Connect(Version::V4), FWPM_LAYER_ALE_AUTH_CONNECT_V4),
    (Layer::Connect(Version::V6), FWPM_LAYER_ALE_AUTH_CONNECT_V6),
    (Layer::Accept(Version::V4), FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4),
    (Layer::Accept(Version::V6), FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V6),
    (Layer::Assign(Version::V4), FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4),
    (Layer::Assign(Version::V6), FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V6),
];

pub(super) fn guid_of(Key(bits): Key) -> GUID {
    GUID::from_u128(bits)
}

pub(super) fn key_of(guid: &GUID) -> Key {
    let rest = u64::from_be_bytes(guid.data4);
    let start = u128::from(guid.data1) << 96 | u128::from(guid.data2) << 80 | u128::from(guid.data3) << 64;
    Key(start | u128::from(rest))
}

pub(super) fn is_same(a: &GUID, b: &GUID) -> bool {
    key_of(a) == key_of(b)
}

pub(super) fn guid_of_layer(layer: Layer) -> GUID {
    let found = LAYERS.iter().find(|(known, _)| *known == layer);
    found.map(|(_, guid)| *guid).expect("every layer is in the list")
}

pub(super) fn layer_of(guid: &GUID) -> Option<Layer> {
    LAYERS.iter().find(|(_, known)| is_same(known, guid)).map(|(layer, _)| *layer)
}

pub(super) fn number_of(action: Action) -> FWP_ACTION_TYPE {
    match action {
        Action::Block => FWP_ACTION_BLOCK,
        Action::Permit => FWP_ACTION_PERMIT,
    }
}

pub(super) fn action_of(number: FWP_ACTION_TYPE) -> Option<Action> {
    match number {
        FWP_ACTION_BLOCK => Some(Action::Block),
        FWP_ACTION_PERMIT => Some(Action::Permit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use pinfold_plan::windows::filters::{PROVIDER, SUBLAYER};

    use super::*;

    #[test]
    fn keys_and_layers_come_back() {
        for key in [PROVIDER, SUBLAYER] {
            assert_eq!(key_of(&guid_of(key)), key);
        }
        for (layer, guid) in LAYERS {
            assert_eq!(layer_of(&guid), Some(layer));
            assert!(is_same(&guid_of_layer(layer), &guid));
        }
        // As fwpmu.h has it.
        assert_eq!(key_of(&FWPM_LAYER_ALE_AUTH_CONNECT_V4), Key(0xc38d57d1_05a7_4c33_904f_7fbceee60e82));
        assert_eq!(layer_of(&GUID::from_u128(1)), None);
    }
}
