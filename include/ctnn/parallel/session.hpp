// SPDX-License-Identifier: BSD-3-Clause
/// The beginning and the end of an MPI job.
#pragma once

/// MPI's C interface alone: its C++ bindings have left the standard. This is Open MPI's word for it.
#define OMPI_SKIP_MPICXX 1
/// The same for MPICH.
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <unistd.h>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Ends all ranks, this one in any case: what MPI does to end the others may itself wait for ever.
[[noreturn]] inline void end_all_ranks(const std::string& text, int code)
{
    std::fprintf(stderr, "%s\n", text.c_str());
    std::fflush(stderr);
    std::thread([code] {
        std::this_thread::sleep_for(std::chrono::seconds(5));
        ::_exit(code);
    }).detach();
    MPI_Abort(MPI_COMM_WORLD, code);
    ::_exit(code);
}

} // namespace detail

namespace mpi {

/// Between MPI_Init and MPI_Finalize. An exception that nobody catches ends all ranks with its text; one that
/// leaves the scope of the session ends the others.
class Session {
public:
    Session() { begin(nullptr, nullptr); }
    Session(int& argc, char**& argv) { begin(&argc, &argv); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session()
    {
        std::set_terminate(before_);
        if (std::uncaught_exceptions() > 0) {
            int rank = 0;
            MPI_Comm_rank(MPI_COMM_WORLD, &rank);
            detail::end_all_ranks("rank " + std::to_string(rank) + " ends with an error, and all with it", 1);
        }
        MPI_Finalize();
    }

private:
    std::terminate_handler before_ = nullptr;

    void begin(int* argc, char*** argv)
    {
#if defined(__linux__)
        // no orphans of a launcher that was killed
        for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
            if (std::getenv(name) != nullptr) (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        MPI_Init(argc, argv);
        before_ = std::set_terminate([] {
            std::string text = "terminated";
            if (const std::exception_ptr error = std::current_exception()) try {
                    std::rethrow_exception(error);
                } catch (const std::exception& known) {
                    text = known.what();
                } catch (...) {}
            int rank = 0;
            MPI_Comm_rank(MPI_COMM_WORLD, &rank);
            detail::end_all_ranks("rank " + std::to_string(rank) + ": " + text, 1);
        });
    }
};

} // namespace mpi
} // namespace ctnn::inline CTNN_ARCH
