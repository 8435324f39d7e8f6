# The building blocks of the tree.
find_package(PkgConfig REQUIRED)

# hws_pkg(<pkg-config name>...): makes imported target PkgConfig::<name> for each, once.
macro(hws_pkg)
	foreach(pkg ${ARGN})
		if(NOT TARGET PkgConfig::${pkg})
			pkg_check_modules(${pkg} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${pkg})
			if(HAWSER_STATIC) # with what these libraries need themselves
				target_link_libraries(PkgConfig::${pkg} INTERFACE ${${pkg}_STATIC_LDFLAGS})
			endif()
		endif()
	endforeach()
endmacro()

# hws_module(name [ROOMS folder ...] [EXCEPT a.c ...] [SRCS generated.c ...] [DEPS other_module ...]
#            [PKGS pkg-config-name ...] [LIBS raw ...] [STRICT] [SECTIONS])
# One static library: each .c file of the folder, or of the ROOMS named ("." is the folder itself), but for those of EXCEPT
# (a program's own), so that a new file needs no entry. DEPS are the architecture. STRICT adds -Wconversion. SECTIONS gives each
# function a section of its own, so that tools/check_hostd can tell which are reached.
function(hws_module name)
	cmake_parse_arguments(M "STRICT;SECTIONS" "" "ROOMS;EXCEPT;SRCS;DEPS;PKGS;LIBS" ${ARGN})
	if(NOT M_ROOMS)
		set(M_ROOMS .)
	endif()
	list(TRANSFORM M_ROOMS APPEND "/*.c")
	file(GLOB found CONFIGURE_DEPENDS ${M_ROOMS})
	list(TRANSFORM found REPLACE "/\\./" "/") # the folder itself: EXCEPT names its files without that
	list(TRANSFORM M_EXCEPT PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
	if(M_EXCEPT)
		list(REMOVE_ITEM found ${M_EXCEPT})
	endif()
	add_library(${name} STATIC ${found} ${M_SRCS})
	if(M_SECTIONS)
		target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
	endif()
	hws_finish(${name})
endfunction()

# hws_program(name SRCS ... DEPS ... PKGS ...): an executable with position-independent code.
function(hws_program name)
	cmake_parse_arguments(M "STRICT" "" "SRCS;DEPS;PKGS;LIBS" ${ARGN})
	add_executable(${name} ${M_SRCS})
	if(NOT HAWSER_STATIC) # -static-pie then
		target_link_options(${name} PRIVATE -pie)
	endif()
	hws_finish(${name})
endfunction()

macro(hws_finish name)
	target_compile_options(${name} PRIVATE ${HAWSER_WARNINGS})
	if(M_STRICT)
		target_compile_options(${name} PRIVATE ${HAWSER_STRICT_WARNINGS})
	endif()
	foreach(pkg ${M_PKGS})
		hws_pkg(${pkg})
		target_link_libraries(${name} PUBLIC PkgConfig::${pkg})
	endforeach()
	target_link_libraries(${name} PUBLIC ${M_DEPS} ${M_LIBS})
endmacro()

# Gives a test or benchmark folders of its own, for itself and all that it starts (tests/support/places.h).
function(hws_places name)
	target_sources(${name} PRIVATE $<TARGET_OBJECTS:test_places>)
endfunction()

# hws_test(name SRCS ... DEPS ... [PKGS ...] [TIMEOUT s] [ENV VAR=VALUE ...] [LABELS l ...]): a Check program run by ctest.
function(hws_test name)
	cmake_parse_arguments(M "SERIAL" "TIMEOUT" "SRCS;DEPS;PKGS;LIBS;ENV;LABELS;ARGS" ${ARGN})
	add_executable(${name} ${M_SRCS})
	list(APPEND M_PKGS check)
	hws_finish(${name})
	hws_places(${name})
	# A network of its own, what main() does (tests/support/network.c, suite.h).
	target_sources(${name} PRIVATE $<TARGET_OBJECTS:test_frame>)
	add_test(NAME ${name} COMMAND ${HAWSER_TEST_RUNNER} $<TARGET_FILE:${name}> ${M_ARGS})
	if(NOT M_TIMEOUT)
		set(M_TIMEOUT 120)
	endif()
	# TIMEOUT and the limits in the programs are for a quiet machine: on a busy one nothing fails for being slow.
	set(patience 4)
	if(HAWSER_VALGRIND)
		set(patience 20)
	endif()
	math(EXPR M_TIMEOUT "${M_TIMEOUT} * ${patience}")
	set_tests_properties(${name} PROPERTIES TIMEOUT ${M_TIMEOUT} SKIP_RETURN_CODE 77)
	# Check's own limit of 4 s for what sets none is too short for a busy machine.
	set_tests_properties(${name} PROPERTIES ENVIRONMENT "CK_DEFAULT_TIMEOUT=60;CK_TIMEOUT_MULTIPLIER=${patience};${M_ENV}")
	# The first folder below tests/ (unit, component, e2e ...) is a label: `ctest -L unit`.
	file(RELATIVE_PATH place ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
	string(REGEX REPLACE "/.*" "" place "${place}")
	set_tests_properties(${name} PROPERTIES LABELS "${place};${M_LABELS}")
	if(M_SERIAL)
		set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
	endif()
endfunction()

# hws_fuzz(name SRCS x_fuzz.c DEPS ...): with HAWSER_BUILD_FUZZ a libFuzzer target, otherwise the same
# code with a plain driver that replays tests/fuzz/corpus/<name>/ (and the empty input) under ctest.
function(hws_fuzz name)
	cmake_parse_arguments(M "" "" "SRCS;DEPS;PKGS;LIBS" ${ARGN})
	if(HAWSER_BUILD_FUZZ)
		add_executable(${name} ${M_SRCS})
		target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	else()
		add_executable(${name} ${M_SRCS} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.c)
	endif()
	if(HAWSER_SANITIZE MATCHES "memory")
		set(libs ${CMAKE_SOURCE_DIR}/tests/fuzz/msan_libs.c)
		target_sources(${name} PRIVATE ${libs})
		hws_pkg(libsodium libprotobuf-c libzstd inih libevent)
		target_link_libraries(${name} PUBLIC PkgConfig::libsodium PkgConfig::libprotobuf-c PkgConfig::libzstd
			PkgConfig::inih PkgConfig::libevent)
		file(STRINGS ${libs} wrapped REGEX "^WRAP\\(")
		list(TRANSFORM wrapped REPLACE "^WRAP\\([^,]+, ([A-Za-z0-9_]+),.*" "-Wl,--wrap=\\1")
		target_link_options(${name} PRIVATE ${wrapped})
	endif()
	hws_finish(${name})
	target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
	file(MAKE_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
	if(NOT HAWSER_BUILD_FUZZ)
		add_test(NAME ${name} COMMAND ${HAWSER_TEST_RUNNER} $<TARGET_FILE:${name}>
			${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
		set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
	endif()
endfunction()
