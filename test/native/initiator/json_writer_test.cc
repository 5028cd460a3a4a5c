#include "initiator/json_writer.h"

using initiator::JsonWriter;

TEST_CASE("objects, arrays and values are separated as JSON wants it") {
    JsonWriter json;
    json.begin_object();
    json.number("count", 3);
    json.real("share", 0.5);
    json.boolean("ok", true);
    json.begin_array("list");
    json.begin_object();
    json.end_object();
    json.number("", 7);
    json.end_array();
    json.text("last", "end");
    json.end_object();
    CHECK(json.str() == R"({"count":3,"share":0.500,"ok":true,"list":[{},7],"last":"end"})");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
    JsonWriter json;
    json.begin_array();
    json.text("", "a\"b\\c\nd");
    json.end_array();
    CHECK(json.str() == R"(["a\"b\\c\u000ad"])");
}
