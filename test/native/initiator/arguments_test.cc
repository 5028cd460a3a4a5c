#include "initiator/arguments.h"

#include <vector>

namespace {

struct Said {
    uint64_t size = 7;
    std::string name;
    bool loud = false;
    std::string problem;
};

Said parse(const std::vector<const char*>& words) {
    Said said;
    const std::vector<initiator::Argument> known{
        {.name = "--size", .help = "how much", .min = 2, .number = &said.size},
        {.name = "--name", .help = "of what", .text = &said.name},
        {.name = "--loud", .help = "so that all hear", .flag = &said.loud},
    };
    said.problem = initiator::parse_arguments(words, known);
    return said;
}

}  // namespace

TEST_CASE("sizes may have a unit, and what is not said stays") {
    CHECK(parse({}).size == 7);
    CHECK(parse({"--size", "12"}).size == 12);
    CHECK(parse({"--size", "3k"}).size == 3072);
    CHECK(parse({"--size", "3m"}).size == 3u << 20);
    CHECK(parse({"--size", "3g"}).size == 3ull << 30);
}

TEST_CASE("texts and flags are taken as they are") {
    const Said said = parse({"--loud", "--name", "--size"});
    CHECK(said.problem.empty());
    CHECK(said.loud);
    CHECK(said.name == "--size");
}

TEST_CASE("what is no number, or no size, is refused") {
    for (const char* word : {"",
                             "k",
                             "1kk",
                             "1 ",
                             "+1",
                             "0x10",
                             "1.5",
                             "18446744073709551616",
                             "99999999999999999g",
                             "1"}) {
        CAPTURE(word);
        CHECK(parse({"--size", word}).problem ==
              std::string("--size takes a number, 2 or more, not \"") + word + "\".");
    }
}
