# rdv_schema(ENGINE ret [FOLDER...]): writes schema_ENGINE.c with the files schema/ENGINE/NNN_*.sql (or FOLDER/NNN_*.sql) as texts;
# sets ret to its path.
function(rdv_schema engine ret)
	set(folders ${ARGN})
	if(NOT folders)
		set(folders schema/${engine})
	endif()
	list(TRANSFORM folders APPEND /*.sql)
	file(GLOB steps CONFIGURE_DEPENDS ${folders})
	list(SORT steps COMPARE FILE_BASENAME)
	set(texts "")
	set(rows "")
	set(number 0)
	foreach(step IN LISTS steps)
		math(EXPR number "${number} + 1")
		get_filename_component(name ${step} NAME_WE)
		string(SUBSTRING ${name} 0 3 prefix)
		math(EXPR given "1${prefix} - 1000")
		if(NOT given EQUAL number)
			message(FATAL_ERROR "${step}: expected number ${number}")
		endif()
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${step})
		# as bytes, so that no text in a file can mean anything to the C compiler
		file(READ ${step} bytes HEX)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
		string(APPEND texts "static const char step_${number}[] = { ${bytes}0 };\n")
		string(APPEND rows "\t{ \"${name}\", step_${number} },\n")
	endforeach()
	set(path ${CMAKE_CURRENT_BINARY_DIR}/schema_${engine}.c)
	file(CONFIGURE OUTPUT ${path} @ONLY CONTENT "#include \"server-rendezvous/store/schema.h\"
@texts@static const struct rdv_schema_step steps[] = {
@rows@};
const struct rdv_schema rdv_schema_${engine} = { steps, @number@ };
")
	set(${ret} ${path} PARENT_SCOPE)
endfunction()
