#include "initiator/load_options.h"

#include <string>
#include <vector>

namespace {

using initiator::LoadOptions;

std::string parse(std::vector<const char*> words, LoadOptions& options) {
    return initiator::parse_load_options(words, options);
}

std::string problem(const std::vector<const char*>& words) {
    LoadOptions options;
    return parse(words, options);
}

}  // namespace

TEST_CASE("a whole command line is understood") {
    LoadOptions options;
    CHECK(parse({"--subsystem",
                 "nqn.a",
                 "--address",
                 "::1",
                 "--port",
                 "4421",
                 "--depth",
                 "128",
                 "--queues",
                 "2",
                 "--block-bytes",
                 "128k",
                 "--span",
                 "1g",
                 "--verify",
                 "--seconds",
                 "0",
                 "--operations",
                 "1000"},
                options)
              .empty());
    CHECK(options.subsystem_nqn == "nqn.a");
    CHECK(options.address == "::1");
    CHECK(options.port == 4421);
    CHECK(options.depth == 128);
    CHECK(options.queues == 2);
    CHECK(options.block_bytes == 131'072);
    CHECK(options.span_bytes == uint64_t{1} << 30);
    CHECK(options.verify);
    CHECK(options.operations == 1000);
}

TEST_CASE("every mistake is one sentence that names the option") {
    CHECK(problem({}) == "--subsystem is needed: the NQN of the volume.");
    CHECK(problem({"--color", "red"}) == "There is no option --color; --help lists them.");
    CHECK(problem({"--depth"}) == "--depth needs a value: commands in flight on each queue.");
    CHECK(problem({"--depth", "many"}) == "--depth takes a number, 1 to 128, not \"many\".");
    CHECK(problem({"--depth", "129"}) == "--depth takes a number, 1 to 128, not \"129\".");
    CHECK(problem({"--depth", "-1"}) == "--depth takes a number, 1 to 128, not \"-1\".");
    CHECK(problem({"--depth", ""}) == "--depth takes a number, 1 to 128, not \"\".");
    CHECK(problem({"--span", "17179869184g"}) ==
          "--span takes a number, 0 or more, not \"17179869184g\".");
    CHECK(problem({"--subsystem", "n", "--block-bytes", "5000"}) ==
          "--block-bytes, --offset and --span are multiples of 4096, not 5000.");
    CHECK(problem({"--subsystem", "n", "--seconds", "0"}) ==
          "Say when to end: --seconds or --operations.");
}

TEST_CASE("the help text names every option with its limits") {
    LoadOptions options;
    const std::string text = initiator::describe_arguments(initiator::load_arguments(options));
    CHECK(text.find("--queues") != std::string::npos);
    CHECK(text.find("(1 to 128; now 32)") != std::string::npos);
    CHECK(problem({"--help"}).empty());
}
