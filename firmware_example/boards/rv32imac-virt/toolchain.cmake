# QEMU's virt machine with a 32-bit RISC-V processor.
set(SERNET_BOARD rv32imac-virt)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(RAM_LEN 32K CACHE STRING "RAM that the program may use, stack included")
set(SERNET_BOARD_FOLDER ${CMAKE_CURRENT_LIST_DIR}/../riscv)
set(SERNET_BOARD_SOURCES ${SERNET_BOARD_FOLDER}/board.c ${CMAKE_CURRENT_LIST_DIR}/../memory.c
    ${CMAKE_CURRENT_LIST_DIR}/../semihosting.c)
set(CMAKE_C_FLAGS_INIT
    "-march=rv32imac -mabi=ilp32 -misa-spec=2.2 -mcmodel=medany --specs=picolibc.specs -ffunction-sections -fdata-sections")
set(CMAKE_C_FLAGS_RELEASE_INIT "-O3 -DNDEBUG")
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-nostartfiles -Wl,--gc-sections -Wl,--defsym=RAM_LEN=${RAM_LEN} -L${SERNET_BOARD_FOLDER} \
-T${CMAKE_CURRENT_LIST_DIR}/../link.ld")
