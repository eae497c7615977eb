# SPDX-License-Identifier: Apache-2.0
# SQL files become C at build time: sql/queries -> statements.{h,c}, sql/schema -> schema_files.c (cmake/gen_statements.py).
function(ecs_store_statements)
    find_program(ECS_PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
    find_program(ECS_PYTHON3 NAMES python3 REQUIRED)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
    file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/schema/*.sql ${CMAKE_SOURCE_DIR}/sql/queries/*.sql)
    add_custom_command(
        OUTPUT ${out}/store/statements.h ${out}/store/statements.c ${out}/store/schema_files.c
        COMMAND ${ECS_PYTHON3} ${CMAKE_SOURCE_DIR}/cmake/gen_statements.py ${CMAKE_SOURCE_DIR} ${out}
        DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/cmake/gen_statements.py
        COMMENT "SQL files -> C"
        VERBATIM)
    target_sources(ecs_store PRIVATE ${out}/store/statements.h ${out}/store/statements.c ${out}/store/schema_files.c)
    target_include_directories(ecs_store PRIVATE ${out})
endfunction()
