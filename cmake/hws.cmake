# The building blocks of the tree.
find_package(PkgConfig REQUIRED)

# hws_pkg(<pkg-config name>...): makes imported target PkgConfig::<name> for each, once.
macro(hws_pkg)
	foreach(pkg ${ARGN})
		if(NOT TARGET PkgConfig::${pkg})
			pkg_check_modules(${pkg} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${pkg})
		endif()
	endforeach()
endmacro()

# hws_module(name SRCS a.c ... [DEPS other_module ...] [PKGS pkg-config-name ...] [LIBS raw ...] [STRICT])
# One static library per folder; DEPS are the architecture. STRICT adds -Wconversion.
function(hws_module name)
	cmake_parse_arguments(M "STRICT" "" "SRCS;DEPS;PKGS;LIBS" ${ARGN})
	add_library(${name} STATIC ${M_SRCS})
	hws_finish(${name})
endfunction()

# hws_program(name SRCS ... DEPS ... PKGS ...): an executable with position-independent code.
function(hws_program name)
	cmake_parse_arguments(M "STRICT" "" "SRCS;DEPS;PKGS;LIBS" ${ARGN})
	add_executable(${name} ${M_SRCS})
	target_link_options(${name} PRIVATE -pie)
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
	add_test(NAME ${name} COMMAND ${name} ${M_ARGS})
	if(NOT M_TIMEOUT)
		set(M_TIMEOUT 120)
	endif()
	set_tests_properties(${name} PROPERTIES TIMEOUT ${M_TIMEOUT})
	# Check's own limit of 4 s for what sets none is too short for a busy machine.
	set_tests_properties(${name} PROPERTIES ENVIRONMENT "CK_DEFAULT_TIMEOUT=60;${M_ENV}")
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
	hws_finish(${name})
	target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
	file(MAKE_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
	if(NOT HAWSER_BUILD_FUZZ)
		add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
		set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
	endif()
endfunction()
