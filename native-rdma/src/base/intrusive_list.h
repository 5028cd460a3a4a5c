// A first-in first-out list whose links live in its elements: adding allocates nothing.
//
// Thread: one. Lifetime: an element must leave the list before it dies, and is in one list at most.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace base {

struct ListLink {
    ListLink* next = nullptr;
    ListLink* previous = nullptr;
    [[nodiscard]] bool linked() const { return next != nullptr; }
};

// T derives from ListLink.
template <typename T>
class IntrusiveList {
  public:
    IntrusiveList() { head_.next = head_.previous = &head_; }
    ~IntrusiveList() { CHECK(empty(), "elements outlive their list"); }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    [[nodiscard]] bool empty() const { return head_.next == &head_; }
    [[nodiscard]] uint32_t count() const { return count_; }
    [[nodiscard]] T* front() { return empty() ? nullptr : static_cast<T*>(head_.next); }
    // The element after `element`, or null at the end.
    [[nodiscard]] T* after(T& element) {
        ListLink* next = static_cast<ListLink&>(element).next;
        return next == &head_ ? nullptr : static_cast<T*>(next);
    }

    void push_back(T& element) { insert_before(head_, element); }
    void push_front(T& element) { insert_before(*head_.next, element); }

    T* pop_front() {
        T* element = front();
        if (element != nullptr) {
            remove(*element);
        }
        return element;
    }

    void remove(T& element) {
        ListLink& link = element;
        CHECK(link.linked(), "the element is in no list");
        link.previous->next = link.next;
        link.next->previous = link.previous;
        link.next = link.previous = nullptr;
        --count_;
    }

  private:
    void insert_before(ListLink& position, T& element) {
        ListLink& link = element;
        CHECK(!link.linked(), "the element is in a list already");
        link.next = &position;
        link.previous = position.previous;
        position.previous->next = &link;
        position.previous = &link;
        ++count_;
    }

    ListLink head_;
    uint32_t count_ = 0;
};

}  // namespace base
