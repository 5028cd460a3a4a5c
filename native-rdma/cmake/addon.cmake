# The Node addon: build/Release/ashlar.node beside CMakeLists.txt, where node-gyp-build looks.
#
# Node provides the napi_* functions when it loads the addon. Everything else is linked in and
# hidden, so that nothing binds to a library that Node, or another addon, happens to export.
set(NODE_API_HEADERS ${CMAKE_SOURCE_DIR}/../node_modules/node-api-headers/include)
if(NOT EXISTS ${NODE_API_HEADERS}/node_api.h)
  message(FATAL_ERROR "node-api-headers is not installed: run npm ci in the project's root first.")
endif()

file(GLOB ADDON_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/addon/*.cc)
add_library(addon MODULE ${ADDON_SOURCES})
target_include_directories(addon PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_include_directories(addon SYSTEM PRIVATE ${NODE_API_HEADERS})
target_compile_definitions(addon PRIVATE NAPI_VERSION=9 NODE_GYP_MODULE_NAME=ashlar)
target_link_libraries(addon PRIVATE engine)
target_link_options(addon PRIVATE
  -Wl,--exclude-libs,ALL -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/addon.map)
set_target_properties(addon PROPERTIES LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/addon.map)
set_target_properties(addon PROPERTIES
  PREFIX "" OUTPUT_NAME ashlar SUFFIX .node
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_SOURCE_DIR}/build/Release)
