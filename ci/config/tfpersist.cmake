# What every target shares: warnings, sanitizers, and the three functions that make libraries, programs and tests.
add_library(tfpersist_flags INTERFACE)
# The last two are false in absl::InlinedVector with g++ 12, and in GoogleTest's macros. Who uses the installed library has his own.
target_compile_options(tfpersist_flags INTERFACE $<BUILD_INTERFACE:$<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall;-Wextra;-Werror;-Wno-missing-field-initializers;-Wno-maybe-uninitialized;-Wno-dangling-else>>)
target_include_directories(tfpersist_flags INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}>
  $<INSTALL_INTERFACE:include/tfpersist>)
target_compile_features(tfpersist_flags INTERFACE cxx_std_20)
if(TFPERSIST_SANITIZE)
  target_compile_options(tfpersist_flags INTERFACE -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tfpersist_flags INTERFACE -fsanitize=address,undefined)
elseif(TFPERSIST_TSAN)
  target_compile_options(tfpersist_flags INTERFACE -O1 -g1 -fsanitize=thread)
  target_link_options(tfpersist_flags INTERFACE -fsanitize=thread)
endif()

# tfpersist_library(NAME SOURCES… [DEPS…]): one static library per folder.
function(tfpersist_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC tfpersist_flags ${ARG_DEPS})
endfunction()

# tfpersist_program(NAME SOURCES… [DEPS…]): an executable in bin/.
function(tfpersist_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tfpersist_flags ${ARG_DEPS})
endfunction()

# tfpersist_test(NAME SOURCES… [DEPS…] [LABELS…]): a GoogleTest program, registered with ctest, run from the source root.
function(tfpersist_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tfpersist_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 300)
endfunction()
