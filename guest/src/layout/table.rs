//! The size of each structure and the offset of each field, in bytes.
//!
//! The first number is for x64, the second for x86.
//! Written by tests/layout.rs from drivers/layout.txt; do not edit.

structures! {
    list_entry: ListEntry = "LIST_ENTRY" {
        size_of:  0x10   0x8,
        flink:     0x0   0x0,
        blink:     0x8   0x4,
    }
    unicode_string: UnicodeString = "UNICODE_STRING" {
        size_of:         0x10   0x8,
        length:           0x0   0x0,
        maximum_length:   0x2   0x2,
        buffer:           0x8   0x4,
    }
    object_attributes: ObjectAttributes = "OBJECT_ATTRIBUTES" {
        size_of:         0x30  0x18,
        length:           0x0   0x0,
        root_directory:   0x8   0x4,
        object_name:     0x10   0x8,
        attributes:      0x18   0xC,
    }
    dispatcher_header: DispatcherHeader = "DISPATCHER_HEADER" {
        size_of:         0x18  0x10,
        type_:            0x0   0x0,
        size:             0x2   0x2,
        signal_state:     0x4   0x4,
        wait_list_head:   0x8   0x8,
    }
    kevent: Kevent = "KEVENT" {
        size_of:  0x18  0x10,
        header:    0x0   0x0,
    }
    ksemaphore: Ksemaphore = "KSEMAPHORE" {
        size_of:  0x20  0x14,
        header:    0x0   0x0,
        limit:    0x18  0x10,
    }
    kmutex: Kmutex = "KMUTEX" {
        size_of:            0x38  0x20,
        header:              0x0   0x0,
        mutant_list_entry:  0x18  0x10,
        owner_thread:       0x28  0x18,
        abandoned:          0x30  0x1C,
        apc_disable:        0x31  0x1D,
    }
    ktimer: Ktimer = "KTIMER" {
        size_of:           0x40  0x28,
        header:             0x0   0x0,
        due_time:          0x18  0x10,
        timer_list_entry:  0x20  0x18,
        dpc:               0x30  0x20,
        period:            0x3C  0x24,
    }
    kdpc: Kdpc = "KDPC" {
        size_of:           0x40  0x20,
        type_:              0x0   0x0,
        importance:         0x1   0x1,
        number:             0x2   0x2,
        dpc_list_entry:     0x8   0x4,
        deferred_routine:  0x18   0xC,
        deferred_context:  0x20  0x10,
        system_argument1:  0x28  0x14,
        system_argument2:  0x30  0x18,
        dpc_data:          0x38  0x1C,
    }
    kspin_lock: KspinLock = "KSPIN_LOCK" {
        size_of:   0x8   0x4,
    }
    kfloating_save: KfloatingSave = "KFLOATING_SAVE" {
        size_of:        0x4  0x20,
        control_word:   0x0   0x0,
    }
    fast_mutex: FastMutex = "FAST_MUTEX" {
        size_of:     0x38  0x20,
        count:        0x0   0x0,
        owner:        0x8   0x4,
        contention:  0x10   0x8,
        event:       0x18   0xC,
        old_irql:    0x30  0x1C,
    }
    slist_header: SlistHeader = "SLIST_HEADER" {
        size_of:  0x10   0x8,
    }
    slist_entry: SlistEntry = "SLIST_ENTRY" {
        size_of:  0x10   0x4,
        next:      0x0   0x0,
    }
    npaged_lookaside_list: NpagedLookasideList = "NPAGED_LOOKASIDE_LIST" {
        size_of:            0x80  0x50,
        l_depth:            0x10   0x8,
        l_maximum_depth:    0x12   0xA,
        l_total_allocates:  0x14   0xC,
        l_total_frees:      0x1C  0x14,
        l_type:             0x24  0x1C,
        l_tag:              0x28  0x20,
        l_size:             0x2C  0x24,
        l_allocate:         0x30  0x28,
        l_free:             0x38  0x2C,
    }
    paged_lookaside_list: PagedLookasideList = "PAGED_LOOKASIDE_LIST" {
        size_of:     0x80  0x68,
        l_depth:     0x10   0x8,
        l_type:      0x24  0x1C,
        l_tag:       0x28  0x20,
        l_size:      0x2C  0x24,
        l_allocate:  0x30  0x28,
        l_free:      0x38  0x2C,
    }
    work_queue_item: WorkQueueItem = "WORK_QUEUE_ITEM" {
        size_of:         0x20  0x10,
        list:             0x0   0x0,
        worker_routine:  0x10   0x8,
        parameter:       0x18   0xC,
    }
    driver_object: DriverObject = "DRIVER_OBJECT" {
        size_of:           0x150  0xA8,
        type_:               0x0   0x0,
        size:                0x2   0x2,
        device_object:       0x8   0x4,
        flags:              0x10   0x8,
        driver_start:       0x18   0xC,
        driver_size:        0x20  0x10,
        driver_section:     0x28  0x14,
        driver_extension:   0x30  0x18,
        driver_name:        0x38  0x1C,
        hardware_database:  0x48  0x24,
        fast_io_dispatch:   0x50  0x28,
        driver_init:        0x58  0x2C,
        driver_start_io:    0x60  0x30,
        driver_unload:      0x68  0x34,
        major_function:     0x70  0x38,
    }
    driver_extension: DriverExtension = "DRIVER_EXTENSION" {
        size_of:           0x28  0x14,
        driver_object:      0x0   0x0,
        add_device:         0x8   0x4,
        count:             0x10   0x8,
        service_key_name:  0x18   0xC,
    }
    device_object: DeviceObject = "DEVICE_OBJECT" {
        size_of:                 0x148  0xB8,
        type_:                     0x0   0x0,
        size:                      0x2   0x2,
        reference_count:           0x4   0x4,
        driver_object:             0x8   0x8,
        next_device:              0x10   0xC,
        attached_device:          0x18  0x10,
        current_irp:              0x20  0x14,
        timer:                    0x28  0x18,
        flags:                    0x30  0x1C,
        characteristics:          0x34  0x20,
        vpb:                      0x38  0x24,
        device_extension:         0x40  0x28,
        device_type:              0x48  0x2C,
        stack_size:               0x4C  0x30,
        queue:                    0x50  0x34,
        alignment_requirement:    0x98  0x5C,
        device_queue:             0xA0  0x60,
        dpc:                      0xC8  0x74,
        active_thread_count:     0x108  0x94,
        security_descriptor:     0x110  0x98,
        device_lock:             0x118  0x9C,
        sector_size:             0x130  0xAC,
        device_object_extension: 0x138  0xB0,
    }
    file_object: FileObject = "FILE_OBJECT" {
        size_of:              0xD8  0x80,
        type_:                 0x0   0x0,
        size:                  0x2   0x2,
        device_object:         0x8   0x4,
        vpb:                  0x10   0x8,
        fs_context:           0x18   0xC,
        fs_context2:          0x20  0x10,
        related_file_object:  0x40  0x20,
        flags:                0x50  0x2C,
        file_name:            0x58  0x30,
        current_byte_offset:  0x68  0x38,
    }
    io_status_block: IoStatusBlock = "IO_STATUS_BLOCK" {
        size_of:      0x10   0x8,
        status:        0x0   0x0,
        pointer:       0x0   0x0,
        information:   0x8   0x4,
    }
    irp: Irp = "IRP" {
        size_of:                              0xD0  0x70,
        type_:                                 0x0   0x0,
        size:                                  0x2   0x2,
        mdl_address:                           0x8   0x4,
        flags:                                0x10   0x8,
        associated_irp_system_buffer:         0x18   0xC,
        thread_list_entry:                    0x20  0x10,
        io_status:                            0x30  0x18,
        requestor_mode:                       0x40  0x20,
        pending_returned:                     0x41  0x21,
        stack_count:                          0x42  0x22,
        current_location:                     0x43  0x23,
        cancel:                               0x44  0x24,
        cancel_irql:                          0x45  0x25,
        apc_environment:                      0x46  0x26,
        allocation_flags:                     0x47  0x27,
        user_iosb:                            0x48  0x28,
        user_event:                           0x50  0x2C,
        cancel_routine:                       0x68  0x38,
        user_buffer:                          0x70  0x3C,
        tail_overlay_driver_context:          0x78  0x40,
        tail_overlay_thread:                  0x98  0x50,
        tail_overlay_list_entry:              0xA8  0x58,
        tail_overlay_current_stack_location:  0xB8  0x60,
        tail_overlay_original_file_object:    0xC0  0x64,
    }
    io_stack_location: IoStackLocation = "IO_STACK_LOCATION" {
        size_of:                                                               0x48  0x24,
        major_function:                                                         0x0   0x0,
        minor_function:                                                         0x1   0x1,
        flags:                                                                  0x2   0x2,
        control:                                                                0x3   0x3,
        parameters_create_security_context:                                     0x8   0x4,
        parameters_create_options:                                             0x10   0x8,
        parameters_read_length:                                                 0x8   0x4,
        parameters_read_key:                                                   0x10   0x8,
        parameters_read_byte_offset:                                           0x18   0xC,
        parameters_device_io_control_output_buffer_length:                      0x8   0x4,
        parameters_device_io_control_input_buffer_length:                      0x10   0x8,
        parameters_device_io_control_io_control_code:                          0x18   0xC,
        parameters_device_io_control_type3_input_buffer:                       0x20  0x10,
        parameters_device_capabilities_capabilities:                            0x8   0x4,
        parameters_power_system_context:                                        0x8   0x4,
        parameters_power_type:                                                 0x10   0x8,
        parameters_power_state:                                                0x18   0xC,
        parameters_power_shutdown_type:                                        0x20  0x10,
        parameters_start_device_allocated_resources:                            0x8   0x4,
        parameters_start_device_allocated_resources_translated:                0x10   0x8,
        parameters_filter_resource_requirements_io_resource_requirement_list:   0x8   0x4,
        parameters_others_argument1:                                            0x8   0x4,
        parameters_others_argument2:                                           0x10   0x8,
        parameters_others_argument3:                                           0x18   0xC,
        parameters_others_argument4:                                           0x20  0x10,
        device_object:                                                         0x28  0x14,
        file_object:                                                           0x30  0x18,
        completion_routine:                                                    0x38  0x1C,
        context:                                                               0x40  0x20,
    }
    io_csq: IoCsq = "IO_CSQ" {
        size_of:                    0x40  0x20,
        type_:                       0x0   0x0,
        csq_insert_irp:              0x8   0x4,
        csq_remove_irp:             0x10   0x8,
        csq_peek_next_irp:          0x18   0xC,
        csq_acquire_lock:           0x20  0x10,
        csq_release_lock:           0x28  0x14,
        csq_complete_canceled_irp:  0x30  0x18,
        reserve_pointer:            0x38  0x1C,
    }
    io_csq_irp_context: IoCsqIrpContext = "IO_CSQ_IRP_CONTEXT" {
        size_of:  0x18   0xC,
        type_:     0x0   0x0,
        irp:       0x8   0x4,
        csq:      0x10   0x8,
    }
    mdl: Mdl = "MDL" {
        size_of:           0x30  0x1C,
        next:               0x0   0x0,
        size:               0x8   0x4,
        mdl_flags:          0xA   0x6,
        process:           0x10   0x8,
        mapped_system_va:  0x18   0xC,
        start_va:          0x20  0x10,
        byte_count:        0x28  0x14,
        byte_offset:       0x2C  0x18,
    }
    cm_partial_resource_descriptor: CmPartialResourceDescriptor = "CM_PARTIAL_RESOURCE_DESCRIPTOR" {
        size_of:               0x14  0x10,
        type_:                  0x0   0x0,
        share_disposition:      0x1   0x1,
        flags:                  0x2   0x2,
        u_port_start:           0x4   0x4,
        u_port_length:          0xC   0xC,
        u_interrupt_level:      0x4   0x4,
        u_interrupt_vector:     0x8   0x8,
        u_interrupt_affinity:   0xC   0xC,
        u_memory_start:         0x4   0x4,
        u_memory_length:        0xC   0xC,
        u_dma_channel:          0x4   0x4,
        u_dma_port:             0x8   0x8,
    }
    device_description: DeviceDescription = "DEVICE_DESCRIPTION" {
        size_of:              0x28  0x28,
        version:               0x0   0x0,
        master:                0x4   0x4,
        scatter_gather:        0x5   0x5,
        demand_mode:           0x6   0x6,
        auto_initialize:       0x7   0x7,
        dma32_bit_addresses:   0x8   0x8,
        ignore_count:          0x9   0x9,
        dma64_bit_addresses:   0xB   0xB,
        bus_number:            0xC   0xC,
        dma_channel:          0x10  0x10,
        interface_type:       0x14  0x14,
        dma_width:            0x18  0x18,
        dma_speed:            0x1C  0x1C,
        maximum_length:       0x20  0x20,
        dma_port:             0x24  0x24,
    }
    cm_partial_resource_list: CmPartialResourceList = "CM_PARTIAL_RESOURCE_LIST" {
        size_of:              0x1C  0x18,
        version:               0x0   0x0,
        revision:              0x2   0x2,
        count:                 0x4   0x4,
        partial_descriptors:   0x8   0x8,
    }
    cm_full_resource_descriptor: CmFullResourceDescriptor = "CM_FULL_RESOURCE_DESCRIPTOR" {
        size_of:                0x24  0x20,
        interface_type:          0x0   0x0,
        bus_number:              0x4   0x4,
        partial_resource_list:   0x8   0x8,
    }
    cm_resource_list: CmResourceList = "CM_RESOURCE_LIST" {
        size_of:  0x28  0x24,
        count:     0x0   0x0,
        list:      0x4   0x4,
    }
    io_resource_descriptor: IoResourceDescriptor = "IO_RESOURCE_DESCRIPTOR" {
        size_of:                     0x20  0x20,
        option:                       0x0   0x0,
        type_:                        0x1   0x1,
        share_disposition:            0x2   0x2,
        flags:                        0x4   0x4,
        u_port_length:                0x8   0x8,
        u_port_alignment:             0xC   0xC,
        u_port_minimum_address:      0x10  0x10,
        u_port_maximum_address:      0x18  0x18,
        u_memory_length:              0x8   0x8,
        u_memory_alignment:           0xC   0xC,
        u_memory_minimum_address:    0x10  0x10,
        u_memory_maximum_address:    0x18  0x18,
        u_interrupt_minimum_vector:   0x8   0x8,
        u_interrupt_maximum_vector:   0xC   0xC,
        u_dma_minimum_channel:        0x8   0x8,
        u_dma_maximum_channel:        0xC   0xC,
    }
    io_resource_list: IoResourceList = "IO_RESOURCE_LIST" {
        size_of:      0x28  0x28,
        version:       0x0   0x0,
        revision:      0x2   0x2,
        count:         0x4   0x4,
        descriptors:   0x8   0x8,
    }
    io_resource_requirements_list: IoResourceRequirementsList = "IO_RESOURCE_REQUIREMENTS_LIST" {
        size_of:            0x48  0x48,
        list_size:           0x0   0x0,
        interface_type:      0x4   0x4,
        bus_number:          0x8   0x8,
        slot_number:         0xC   0xC,
        alternative_lists:  0x1C  0x1C,
        list:               0x20  0x20,
    }
    power_state: PowerState = "POWER_STATE" {
        size_of:   0x4   0x4,
    }
    device_capabilities: DeviceCapabilities = "DEVICE_CAPABILITIES" {
        size_of:       0x40  0x40,
        size:           0x0   0x0,
        version:        0x2   0x2,
        address:        0x8   0x8,
        ui_number:      0xC   0xC,
        device_state:  0x10  0x10,
        system_wake:   0x2C  0x2C,
        device_wake:   0x30  0x30,
        d1_latency:    0x34  0x34,
        d2_latency:    0x38  0x38,
        d3_latency:    0x3C  0x3C,
    }
    rtl_query_registry_table: RtlQueryRegistryTable = "RTL_QUERY_REGISTRY_TABLE" {
        size_of:         0x38  0x1C,
        query_routine:    0x0   0x0,
        flags:            0x8   0x4,
        name:            0x10   0x8,
        entry_context:   0x18   0xC,
        default_type:    0x20  0x10,
        default_data:    0x28  0x14,
        default_length:  0x30  0x18,
    }
    key_value_basic_information: KeyValueBasicInformation = "KEY_VALUE_BASIC_INFORMATION" {
        size_of:      0x10  0x10,
        title_index:   0x0   0x0,
        type_:         0x4   0x4,
        name_length:   0x8   0x8,
        name:          0xC   0xC,
    }
    key_value_partial_information: KeyValuePartialInformation = "KEY_VALUE_PARTIAL_INFORMATION" {
        size_of:      0x10  0x10,
        title_index:   0x0   0x0,
        type_:         0x4   0x4,
        data_length:   0x8   0x8,
        data:          0xC   0xC,
    }
    key_value_full_information: KeyValueFullInformation = "KEY_VALUE_FULL_INFORMATION" {
        size_of:      0x18  0x18,
        title_index:   0x0   0x0,
        type_:         0x4   0x4,
        data_offset:   0x8   0x8,
        data_length:   0xC   0xC,
        name_length:  0x10  0x10,
        name:         0x14  0x14,
    }
    kuser_shared_data: KuserSharedData = "KUSER_SHARED_DATA" {
        size_of:                   0x5F0 0x5F0,
        tick_count_low_deprecated:   0x0   0x0,
        tick_count_multiplier:       0x4   0x4,
        interrupt_time:              0x8   0x8,
        system_time:                0x14  0x14,
        time_zone_bias:             0x20  0x20,
        nt_major_version:          0x26C 0x26C,
        nt_minor_version:          0x270 0x270,
        tick_count:                0x320 0x320,
        cookie:                    0x330 0x330,
    }
    kpcr: Kpcr = "KPCR" {
        size_of:        0x178  0xD4,
        self_pcr:        0x18  0x1C,
        prcb:            0x20  0x20,
        irql:            0x50  0x24,
        current_thread: 0x188 0x124,
    }
    ksystem_time: KsystemTime = "KSYSTEM_TIME" {
        size_of:      0xC   0xC,
        low_part:     0x0   0x0,
        high1_time:   0x4   0x4,
        high2_time:   0x8   0x8,
    }
    guid: Guid = "GUID" {
        size_of:  0x10  0x10,
        data1:     0x0   0x0,
        data2:     0x4   0x4,
        data3:     0x6   0x6,
        data4:     0x8   0x8,
    }
    ksidentifier: Ksidentifier = "KSIDENTIFIER" {
        size_of:  0x18  0x18,
        set:       0x0   0x0,
        id:       0x10  0x10,
        flags:    0x14  0x14,
    }
    ksdataformat: Ksdataformat = "KSDATAFORMAT" {
        size_of:       0x40  0x40,
        format_size:    0x0   0x0,
        flags:          0x4   0x4,
        sample_size:    0x8   0x8,
        reserved:       0xC   0xC,
        major_format:  0x10  0x10,
        sub_format:    0x20  0x20,
        specifier:     0x30  0x30,
    }
    ksdatarange: Ksdatarange = "KSDATARANGE" {
        size_of:       0x40  0x40,
        format_size:    0x0   0x0,
        flags:          0x4   0x4,
        sample_size:    0x8   0x8,
        reserved:       0xC   0xC,
        major_format:  0x10  0x10,
        sub_format:    0x20  0x20,
        specifier:     0x30  0x30,
    }
    ksdatarange_music: KsdatarangeMusic = "KSDATARANGE_MUSIC" {
        size_of:       0x60  0x60,
        data_range:     0x0   0x0,
        technology:    0x40  0x40,
        channels:      0x50  0x50,
        notes:         0x54  0x54,
        channel_mask:  0x58  0x58,
    }
    ksattribute_list: KsattributeList = "KSATTRIBUTE_LIST" {
        size_of:     0x10   0x8,
        count:        0x0   0x0,
        attributes:   0x8   0x4,
    }
    kspin_descriptor: KspinDescriptor = "KSPIN_DESCRIPTOR" {
        size_of:                        0x58  0x30,
        interfaces_count:                0x0   0x0,
        interfaces:                      0x8   0x4,
        mediums_count:                  0x10   0x8,
        mediums:                        0x18   0xC,
        data_ranges_count:              0x20  0x10,
        data_ranges:                    0x28  0x14,
        data_flow:                      0x30  0x18,
        communication:                  0x34  0x1C,
        category:                       0x38  0x20,
        name:                           0x40  0x24,
        constrained_data_ranges_count:  0x48  0x28,
        constrained_data_ranges:        0x50  0x2C,
    }
    ksstream_header: KsstreamHeader = "KSSTREAM_HEADER" {
        size_of:              0x38  0x30,
        size:                  0x0   0x0,
        type_specific_flags:   0x4   0x4,
        presentation_time:     0x8   0x8,
        duration:             0x18  0x18,
        frame_extent:         0x20  0x20,
        data_used:            0x24  0x24,
        data:                 0x28  0x28,
        options_flags:        0x30  0x2C,
    }
    ksevent_entry: KseventEntry = "KSEVENT_ENTRY" {
        size_of:               0x58  0x30,
        list_entry:             0x0   0x0,
        object:                0x10   0x8,
        dpc_item:              0x18   0xC,
        event_data:            0x20  0x10,
        notification_type:     0x28  0x14,
        event_set:             0x30  0x18,
        event_item:            0x38  0x1C,
        file_object:           0x40  0x20,
        semaphore_adjustment:  0x48  0x24,
        reserved:              0x4C  0x28,
        flags:                 0x50  0x2C,
    }
    pcpin_descriptor: PcpinDescriptor = "PCPIN_DESCRIPTOR" {
        size_of:                    0x70  0x40,
        max_global_instance_count:   0x0   0x0,
        max_filter_instance_count:   0x4   0x4,
        min_filter_instance_count:   0x8   0x8,
        automation_table:           0x10   0xC,
        ks_pin_descriptor:          0x18  0x10,
    }
    pcnode_descriptor: PcnodeDescriptor = "PCNODE_DESCRIPTOR" {
        size_of:           0x20  0x10,
        flags:              0x0   0x0,
        automation_table:   0x8   0x4,
        type_:             0x10   0x8,
        name:              0x18   0xC,
    }
    pcconnection_descriptor: PcconnectionDescriptor = "PCCONNECTION_DESCRIPTOR" {
        size_of:        0x10  0x10,
        from_node:       0x0   0x0,
        from_node_pin:   0x4   0x4,
        to_node:         0x8   0x8,
        to_node_pin:     0xC   0xC,
    }
    pcfilter_descriptor: PcfilterDescriptor = "PCFILTER_DESCRIPTOR" {
        size_of:           0x50  0x30,
        version:            0x0   0x0,
        automation_table:   0x8   0x4,
        pin_size:          0x10   0x8,
        pin_count:         0x14   0xC,
        pins:              0x18  0x10,
        node_size:         0x20  0x14,
        node_count:        0x24  0x18,
        nodes:             0x28  0x1C,
        connection_count:  0x30  0x20,
        connections:       0x38  0x24,
        category_count:    0x40  0x28,
        categories:        0x48  0x2C,
    }
    pcproperty_item: PcpropertyItem = "PCPROPERTY_ITEM" {
        size_of:  0x18  0x10,
        set:       0x0   0x0,
        id:        0x8   0x4,
        flags:     0xC   0x8,
        handler:  0x10   0xC,
    }
    pcmethod_item: PcmethodItem = "PCMETHOD_ITEM" {
        size_of:  0x18  0x10,
        set:       0x0   0x0,
        id:        0x8   0x4,
        flags:     0xC   0x8,
        handler:  0x10   0xC,
    }
    pcevent_item: PceventItem = "PCEVENT_ITEM" {
        size_of:  0x18  0x10,
        set:       0x0   0x0,
        id:        0x8   0x4,
        flags:     0xC   0x8,
        handler:  0x10   0xC,
    }
    pcautomation_table: PcautomationTable = "PCAUTOMATION_TABLE" {
        size_of:             0x38  0x28,
        property_item_size:   0x0   0x0,
        property_count:       0x4   0x4,
        properties:           0x8   0x8,
        method_item_size:    0x10   0xC,
        method_count:        0x14  0x10,
        methods:             0x18  0x14,
        event_item_size:     0x20  0x18,
        event_count:         0x24  0x1C,
        events:              0x28  0x20,
    }
    pcproperty_request: PcpropertyRequest = "PCPROPERTY_REQUEST" {
        size_of:        0x48  0x28,
        major_target:    0x0   0x0,
        minor_target:    0x8   0x4,
        node:           0x10   0x8,
        property_item:  0x18   0xC,
        verb:           0x20  0x10,
        instance_size:  0x24  0x14,
        instance:       0x28  0x18,
        value_size:     0x30  0x1C,
        value:          0x38  0x20,
        irp:            0x40  0x24,
    }
    pcevent_request: PceventRequest = "PCEVENT_REQUEST" {
        size_of:       0x38  0x1C,
        major_target:   0x0   0x0,
        minor_target:   0x8   0x4,
        node:          0x10   0x8,
        event_item:    0x18   0xC,
        event_entry:   0x20  0x10,
        verb:          0x28  0x14,
        irp:           0x30  0x18,
    }
    dmus_kernel_event: DmusKernelEvent = "DMUS_KERNEL_EVENT" {
        size_of:             0x28  0x20,
        b_reserved:           0x0   0x0,
        cb_struct:            0x1   0x1,
        cb_event:             0x2   0x2,
        us_channel_group:     0x4   0x4,
        us_flags:             0x6   0x6,
        ull_pres_time100ns:   0x8   0x8,
        ull_byte_position:   0x10  0x10,
        p_next_evt:          0x18  0x18,
        u_data:              0x20  0x1C,
    }
}
