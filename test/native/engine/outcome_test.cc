#include "engine/outcome.h"

#include <cerrno>
#include <doctest/doctest.h>

TEST_CASE("an outcome is ok unless it is made a failure") {
    CHECK(engine::Outcome().ok());
    const engine::Outcome failed = engine::failure(base::Errc::busy, "wait", 7);
    CHECK_FALSE(failed.ok());
    CHECK_EQ(failed.status.detail(), 7u);
    CHECK_EQ(failed.sentence, "wait");
}

TEST_CASE("an errno is put in words, and what is none is left out") {
    CHECK_EQ(engine::errno_words(ENOENT), " (ENOENT: No such file or directory)");
    CHECK_EQ(engine::errno_words(0), "");
    CHECK_EQ(engine::errno_words(99999), "");
}
