# What all Arm boards share. A board's toolchain file sets its name, SERNET_CPU and SERNET_MACHINE (mps2 or mps3) first.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(RAM_LEN 32K CACHE STRING "RAM that the program may use, stack included")
set(SERNET_BOARD_FOLDER ${CMAKE_CURRENT_LIST_DIR}/${SERNET_MACHINE})
set(SERNET_BOARD_SOURCES ${CMAKE_CURRENT_LIST_DIR}/mps/board.c ${CMAKE_CURRENT_LIST_DIR}/cortex_m/startup.c
    ${CMAKE_CURRENT_LIST_DIR}/memory.c ${CMAKE_CURRENT_LIST_DIR}/semihosting.c)
set(CMAKE_C_FLAGS_INIT "${SERNET_CPU} -mthumb -ffunction-sections -fdata-sections")
set(CMAKE_C_FLAGS_RELEASE_INIT "-O3 -DNDEBUG")
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-nostartfiles --specs=nano.specs -Wl,--gc-sections -Wl,--defsym=RAM_LEN=${RAM_LEN} -L${SERNET_BOARD_FOLDER} \
-T${CMAKE_CURRENT_LIST_DIR}/link.ld")
