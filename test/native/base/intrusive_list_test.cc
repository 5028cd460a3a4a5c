#include "base/intrusive_list.h"

#include <csignal>
#include <doctest/doctest.h>
#include <vector>

#include "child.h"

namespace {

struct Element : base::ListLink {
    int number = 0;
};
using List = base::IntrusiveList<Element>;

std::vector<int> numbers(List& list) {
    std::vector<int> found;
    for (Element* element = list.front(); element != nullptr; element = list.after(*element)) {
        found.push_back(element->number);
    }
    return found;
}

struct Three {
    Element elements[3];
    List list;
    Three() {
        for (int i = 0; i < 3; ++i) {
            elements[i].number = i;
            list.push_back(elements[i]);
        }
    }
    ~Three() {
        while (list.pop_front() != nullptr) {
        }
    }
};

}  // namespace

TEST_CASE("elements come out in the order they went in") {
    Three three;
    CHECK_EQ(three.list.count(), 3u);
    CHECK((numbers(three.list) == std::vector{0, 1, 2}));
    CHECK_EQ(three.list.pop_front()->number, 0);
    CHECK_EQ(three.list.pop_front()->number, 1);
    CHECK_EQ(three.list.pop_front()->number, 2);
    CHECK(three.list.pop_front() == nullptr);
    CHECK(three.list.empty());
    CHECK_EQ(three.list.count(), 0u);
}

TEST_CASE("an element put in front comes first") {
    Three three;
    Element early;
    early.number = 9;
    three.list.push_front(early);
    CHECK((numbers(three.list) == std::vector{9, 0, 1, 2}));
    three.list.remove(early);
}

TEST_CASE("an element leaves from anywhere, and may come back") {
    for (int gone = 0; gone < 3; ++gone) {
        Three three;
        three.list.remove(three.elements[gone]);
        CHECK_FALSE(three.elements[gone].linked());
        CHECK_EQ(three.list.count(), 2u);
        three.list.push_back(three.elements[gone]);
        CHECK_EQ(numbers(three.list).back(), gone);
    }
}

TEST_CASE("misuse ends the process: adding twice, removing a stranger, dying with elements") {
    const auto dies = [](auto misuse) {
        return test::run_in_child([misuse] {
                   signal(SIGABRT, SIG_DFL);
                   misuse();
                   return 0;
               }).signal == SIGABRT;
    };
    CHECK(dies([] {
        Three three;
        three.list.push_back(three.elements[0]);
    }));
    CHECK(dies([] {
        Three three;
        Element stranger;
        three.list.remove(stranger);
    }));
    CHECK(dies([] {
        static Element element;
        List list;
        list.push_back(element);
    }));
}
