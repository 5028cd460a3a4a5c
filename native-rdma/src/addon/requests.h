// The arguments of the engine's verbs, from JavaScript objects.
//
// Thread: the JS thread, within one call. What is wrong is remembered by the arguments.
#pragma once

#include <vector>

#include "addon/arguments.h"
#include "engine/cell_config.h"
#include "engine/options.h"
#include "target/target.h"

namespace addon {

[[nodiscard]] engine::Options read_options(const Arguments& given);
[[nodiscard]] engine::Shown read_shown(const Arguments& given);
[[nodiscard]] engine::VolumeConfig read_volume(const Arguments& given);
[[nodiscard]] engine::Identity read_identity(const Arguments& given);
[[nodiscard]] std::vector<peer::PeerAddress> read_peers(const Arguments& given);
[[nodiscard]] std::vector<replication::GroupConfig> read_groups(const Arguments& given);
[[nodiscard]] std::vector<target::DiscoveryEntry> read_discovery(const Arguments& given);

}  // namespace addon
